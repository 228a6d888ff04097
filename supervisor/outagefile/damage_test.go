package outagefile

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"log/slog"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fileState is one state of a growing file.
type fileState struct {
	text  []byte
	known []serverOutages
}

// grow returns the states of a file that begins with three records and grows by one record at a time.
func (l *fixture) grow() []fileState {
	l.merge("S1", l.restart("b1", 10))
	l.merge("S2", l.restart("c1", 9))
	l.merge("S3", l.pause(8, 7))
	f, err := openFile(l.path)
	require.NoError(l.t, err)
	require.NoError(l.t, f.rewrite())
	all := []fileState{l.state()}
	for n := range 4 {
		l.merge(fmt.Sprint("S", 1+n%2), l.restart(fmt.Sprint("b", 2+n), 6-n))
		all = append(all, l.state())
	}
	return all
}

func (l *fixture) state() fileState {
	text := l.text()
	log, damage := decode("outages", text)
	require.Nil(l.t, damage)
	return fileState{text: text, known: log.servers}
}

func TestOutageFileThatIsCutOffIsRefusedOrReadAsAnEarlierState(t *testing.T) {
	states := newFixture(t).grow()
	whole := states[len(states)-1].text
	for size := range whole {
		log, damage := decode("outages", whole[:size])
		if size < len(states[0].text) {
			assert.NotNil(t, damage, "at %d", size)
			continue
		}
		require.Nil(t, damage, "at %d", size)
		want := lastWithin(states, size)
		assert.Equal(t, want.known, log.servers, "at %d", size)
		assert.Equal(t, int64(len(want.text)), log.size, "at %d", size)
	}
}

// lastWithin returns the last state that is not longer than size.
func lastWithin(states []fileState, size int) fileState {
	n := slices.IndexFunc(states, func(c fileState) bool { return len(c.text) > size })
	if n < 0 {
		n = len(states)
	}
	return states[n-1]
}

func TestOutageFileWithAFlippedBitIsRefusedOrLosesItsLastRecord(t *testing.T) {
	states := newFixture(t).grow()
	whole, before := states[len(states)-1].text, states[len(states)-2]
	for at := range whole {
		for bit := range 8 {
			text := bytes.Clone(whole)
			text[at] ^= 1 << bit
			log, damage := decode("outages", text)
			if damage == nil && assert.GreaterOrEqual(t, at, len(before.text), "bit %d of byte %d was not noticed", bit, at) {
				assert.Equal(t, before.known, log.servers, "bit %d of byte %d", bit, at)
			}
		}
	}
}

// A crash of the machine may leave a file with its new size, and with zeros where its contents did not reach the disk.
func TestOutageFileWithZerosAtItsEndLosesItsLastRecord(t *testing.T) {
	states := newFixture(t).grow()
	whole, before := states[len(states)-1].text, states[len(states)-2]
	for from := len(before.text); from < len(whole); from++ {
		for _, to := range []int{from + 1, len(whole) - 1, len(whole)} {
			text := bytes.Clone(whole)
			clear(text[from:max(from, to)])
			log, damage := decode("outages", text)
			require.Nil(t, damage, "from %d to %d", from, to)
			if from < len(whole)-1 {
				assert.Equal(t, before.known, log.servers, "from %d to %d", from, to)
			}
		}
	}
}

func TestOutageFileWithALineLostMovedOrRepeatedIsRefused(t *testing.T) {
	states := newFixture(t).grow()
	lines := bytes.SplitAfter(states[len(states)-1].text, newline)
	lines = lines[:len(lines)-1]
	for n := 1; n < len(lines)-1; n++ {
		for name, edited := range map[string][][]byte{
			"lost":     slices.Concat(lines[:n], lines[n+1:]),
			"moved":    slices.Concat(lines[:n], [][]byte{lines[n+1], lines[n]}, lines[n+2:]),
			"repeated": slices.Concat(lines[:n+1], lines[n:]),
		} {
			_, damage := decode("outages", bytes.Join(edited, nil))
			assert.NotNil(t, damage, "line %d is %s", n+1, name)
		}
	}
}

func TestFileStoreCutsOffATornRecordAndContinues(t *testing.T) {
	l := newFixture(t)
	states := l.grow()
	whole, before := states[len(states)-1], states[len(states)-2]
	for _, size := range []int{len(before.text) + 1, (len(before.text) + len(whole.text)) / 2, len(whole.text) - 1} {
		l.write(whole.text[:size])
		l.load()
		assert.Equal(t, string(before.text), string(l.text()), "cut at %d", size)
		l.write(whole.text[:size])
		l.merge("S2", l.restart("b5", 3))
		assert.Equal(t, string(whole.text), string(l.text()), "cut at %d", size)
	}
	assert.Equal(t, 6, l.logged(slog.LevelWarn, "torn record"))
}

func TestFileStoreNamesTheDamageAndLeavesItAsItIs(t *testing.T) {
	l := newFixture(t)
	states := l.grow()
	text := bytes.Clone(states[len(states)-1].text)
	text[len(states[0].text)+20] ^= 1
	l.write(text)
	_, err := l.store().Load(t.Context())
	assert.EqualError(t, err, fmt.Sprintf("outage file %s is damaged in line 5, at byte %d: the checksum does not match; "+
		"restore it, or move it away to count outages anew", l.path, len(states[0].text)))
	var damage *DamagedError
	assert.ErrorAs(t, err, &damage)
	_, err = l.store().Merge(t.Context(), "S1", outagesOf(l.restart("b9", 1)))
	assert.ErrorAs(t, err, &damage)
	assert.Equal(t, string(text), string(l.text()))
}

// withSums returns a file whose records have these contents and correct checksums.
func withSums(contents ...string) string {
	text := headLine(len(contents)) + "\n"
	sum := crc32.Checksum([]byte(text[:len(text)-1]), castagnoli)
	for _, c := range contents {
		sum = crc32.Update(sum, castagnoli, []byte(c))
		text += fmt.Sprintf(sumFormat, sum) + c + "\n"
	}
	return text
}

func TestOutageFileThatNoStoreWroteIsRefused(t *testing.T) {
	const good = `{"server":"S1","last":{"server_id":"","boot_id":"","epoch":0},"outages":null}`
	_, damage := decode("outages", []byte(withSums(good)))
	require.Nil(t, damage)
	for name, c := range map[string]struct{ text, want string }{
		"empty":              {"", `"" is not the first line of an outage file`},
		"another file":       {"#!/bin/sh\n" + good, `"#!/bin/sh" is not the first line of an outage file`},
		"a long line":        {string(bytes.Repeat([]byte("x"), 1000)), `"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" is not the first line`},
		"a later format":     {"seatbeat-outages 2 0 zstd\n", "its format 2 is that of a later version"},
		"head cut off":       {"seatbeat-outages 1 1", "is not the first line"},
		"no records":         {"seatbeat-outages 1 0\n", "is not the first line"},
		"too few records":    {withSums(good)[:len(headLine(1))+1], "the file ends after 0 of its first 1 records"},
		"first one cut off":  {withSums(good)[:80], "the line is cut off"},
		"a short line":       {headLine(1) + "\nshort\n", "the line is cut off"},
		"no JSON":            {withSums("{"), "the record cannot be read"},
		"an unknown field":   {withSums(good[:len(good)-1] + `,"colour":"red"}`), `unknown field "colour"`},
		"more after the end": {withSums(good + "{}"), "does not end where it should"},
		"no server":          {withSums(`{}`), "no ServerID"},
		"a long name":        {withSums(`{"server":"` + string(bytes.Repeat([]byte("x"), 65)) + `"}`), "at most 64 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, damage := decode("outages", []byte(c.text))
			require.NotNil(t, damage)
			assert.Contains(t, damage.Problem, c.want)
		})
	}
}

func TestFileStoreDoesNotReadAFileThatIsTooLarge(t *testing.T) {
	l := newFixture(t)
	l.write(nil)
	require.NoError(t, os.Truncate(l.path, maxFile+1)) // sparse
	_, err := l.store().Load(t.Context())
	var damage *DamagedError
	require.ErrorAs(t, err, &damage)
	assert.Contains(t, damage.Problem, "no outage file has")
}

func TestOutageFileRemovesARecordThatCouldNotBeWrittenWhole(t *testing.T) {
	l := newFixture(t)
	l.merge("S1", l.restart("b1", 1))
	before := l.text()
	f, err := openFile(l.path)
	require.NoError(t, err)
	require.NoError(t, f.handle.Close())
	assert.ErrorIs(t, f.append([]byte("half")), os.ErrClosed)
	assert.Equal(t, string(before), string(l.text()))
}
