package supervisor

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

// fileState is a state that a file went through.
type fileState struct {
	text  []byte
	known []serverOutages
}

// story returns the states of a file that begins with three records and goes on, one record at a time.
func (l *outageLab) story() []fileState {
	l.merge("S1", l.restart("b1", 10))
	l.merge("S2", l.restart("c1", 9))
	l.merge("S3", l.pause(8, 7))
	f, err := openOutageFile(l.path)
	require.NoError(l.t, err)
	require.NoError(l.t, f.rewrite())
	all := []fileState{l.state()}
	for n := range 4 {
		l.merge(fmt.Sprint("S", 1+n%2), l.restart(fmt.Sprint("b", 2+n), 6-n))
		all = append(all, l.state())
	}
	return all
}

func (l *outageLab) state() fileState {
	text := l.text()
	log, damage := decodeOutages(text)
	require.Nil(l.t, damage)
	return fileState{text: text, known: log.known}
}

func TestOutageFileCutOffAnywhereIsRefusedOrAnEarlierOne(t *testing.T) {
	story := newOutageLab(t).story()
	whole := story[len(story)-1].text
	for size := range whole {
		log, damage := decodeOutages(whole[:size])
		if size < len(story[0].text) {
			assert.NotNil(t, damage, "at %d", size)
			continue
		}
		require.Nil(t, damage, "at %d", size)
		want := lastWithin(story, size)
		assert.Equal(t, want.known, log.known, "at %d", size)
		assert.Equal(t, int64(len(want.text)), log.size, "at %d", size)
	}
}

// lastWithin returns the last state that is not longer.
func lastWithin(story []fileState, size int) fileState {
	n := slices.IndexFunc(story, func(c fileState) bool { return len(c.text) > size })
	if n < 0 {
		n = len(story)
	}
	return story[n-1]
}

func TestOutageFileWithAFlippedBitIsRefusedOrLosesItsLastRecord(t *testing.T) {
	story := newOutageLab(t).story()
	whole, before := story[len(story)-1].text, story[len(story)-2]
	for at := range whole {
		for bit := range 8 {
			text := bytes.Clone(whole)
			text[at] ^= 1 << bit
			log, damage := decodeOutages(text)
			if damage == nil && assert.GreaterOrEqual(t, at, len(before.text), "bit %d of byte %d was not noticed", bit, at) {
				assert.Equal(t, before.known, log.known, "bit %d of byte %d", bit, at)
			}
		}
	}
}

// A crash of the machine may leave a file with its new size and zeros in what did not get to the disk.
func TestOutageFileWithZerosAtItsEndLosesItsLastRecord(t *testing.T) {
	story := newOutageLab(t).story()
	whole, before := story[len(story)-1].text, story[len(story)-2]
	for from := len(before.text); from < len(whole); from++ {
		for _, to := range []int{from + 1, len(whole) - 1, len(whole)} {
			text := bytes.Clone(whole)
			clear(text[from:max(from, to)])
			log, damage := decodeOutages(text)
			require.Nil(t, damage, "from %d to %d", from, to)
			if from < len(whole)-1 {
				assert.Equal(t, before.known, log.known, "from %d to %d", from, to)
			}
		}
	}
}

func TestOutageFileWithALineLostMovedOrRepeatedIsRefused(t *testing.T) {
	story := newOutageLab(t).story()
	lines := bytes.SplitAfter(story[len(story)-1].text, newline)
	lines = lines[:len(lines)-1]
	for n := 1; n < len(lines)-1; n++ {
		for name, edited := range map[string][][]byte{
			"lost":     slices.Concat(lines[:n], lines[n+1:]),
			"moved":    slices.Concat(lines[:n], [][]byte{lines[n+1], lines[n]}, lines[n+2:]),
			"repeated": slices.Concat(lines[:n+1], lines[n:]),
		} {
			_, damage := decodeOutages(bytes.Join(edited, nil))
			assert.NotNil(t, damage, "line %d is %s", n+1, name)
		}
	}
}

func TestFileStoreCutsOffATornRecordAndGoesOn(t *testing.T) {
	l := newOutageLab(t)
	story := l.story()
	whole, before := story[len(story)-1], story[len(story)-2]
	for _, size := range []int{len(before.text) + 1, (len(before.text) + len(whole.text)) / 2, len(whole.text) - 1} {
		l.write(whole.text[:size])
		l.load()
		assert.Equal(t, string(before.text), string(l.text()), "cut at %d", size)
		l.write(whole.text[:size])
		l.merge("S2", l.restart("b5", 3))
		assert.Equal(t, string(whole.text), string(l.text()), "cut at %d", size)
	}
	assert.Len(t, l.logs.from(slog.LevelWarn, "torn record"), 6)
}

func TestFileStoreNamesTheDamageAndLeavesItAsItIs(t *testing.T) {
	l := newOutageLab(t)
	story := l.story()
	text := bytes.Clone(story[len(story)-1].text)
	text[len(story[0].text)+20] ^= 1
	l.write(text)
	_, err := l.store().Load(t.Context())
	assert.EqualError(t, err, fmt.Sprintf("outage file %s is damaged in line 5, at byte %d: the checksum does not match; "+
		"restore it, or move it away to count outages anew", l.path, len(story[0].text)))
	var damage *OutageFileError
	assert.ErrorAs(t, err, &damage)
	_, err = l.store().Merge(t.Context(), "S1", outagesOf(l.restart("b9", 1)))
	assert.ErrorAs(t, err, &damage)
	assert.Equal(t, string(text), string(l.text()))
}

// withSums returns a file with these contents of records.
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
	_, damage := decodeOutages([]byte(withSums(good)))
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
			_, damage := decodeOutages([]byte(c.text))
			require.NotNil(t, damage)
			assert.Contains(t, damage.Problem, c.want)
		})
	}
}

func TestFileStoreDoesNotReadWhatIsTooLarge(t *testing.T) {
	l := newOutageLab(t)
	l.write(nil)
	require.NoError(t, os.Truncate(l.path, maxOutageFile+1)) // sparse
	_, err := l.store().Load(t.Context())
	var damage *OutageFileError
	require.ErrorAs(t, err, &damage)
	assert.Contains(t, damage.Problem, "no outage file has")
}

func TestOutageFileLeavesNothingOfARecordThatCouldNotBeWritten(t *testing.T) {
	l := newOutageLab(t)
	l.merge("S1", l.restart("b1", 1))
	before := l.text()
	f, err := openOutageFile(l.path)
	require.NoError(t, err)
	require.NoError(t, f.file.Close())
	assert.ErrorIs(t, f.append([]byte("half")), os.ErrClosed)
	assert.Equal(t, string(before), string(l.text()))
}
