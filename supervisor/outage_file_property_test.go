package supervisor

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seatbeat/seatbeat/actors/outage"
	"github.com/seatbeat/seatbeat/messages"
)

// TestFileStoresOnOneFileAreOneMemory has several stores merge at random into one file, with crashes in between and clocks
// that are put right, and compares it with records that are merged in memory.
func TestFileStoresOnOneFileAreOneMemory(t *testing.T) {
	lab, files := newOutageLab(t), 0
	rapid.Check(t, func(rt *rapid.T) {
		files++
		l := &outageLab{t: rt, ctx: lab.ctx, now: lab.now, path: filepath.Join(filepath.Dir(lab.path), strconv.Itoa(files))}
		m := &memory{outageLab: l, known: make(map[string]messages.OutageRecord)}
		for range 3 {
			s := l.store()
			s.compact = rapid.Int64Range(1, 3000).Draw(rt, "compact")
			m.stores = append(m.stores, s)
		}
		rt.Repeat(map[string]func(*rapid.T){
			"look":                  func(*rapid.T) { m.check() },
			"merge":                 m.merge,
			"merge again":           m.mergeAgain,
			"time passes":           func(rt *rapid.T) { m.pass(rapid.IntRange(1, 60*24).Draw(rt, "minutes")) },
			"the clock goes back":   func(rt *rapid.T) { m.goBack(rapid.IntRange(1, 60).Draw(rt, "minutes")) },
			"crash while appending": m.tear,
			"crash while rewriting": func(*rapid.T) { require.NoError(m.t, os.WriteFile(l.path+".tmp", []byte("half"), 0o600)) },
		})
		m.check()
	})
}

// memory is what the file should say.
type memory struct {
	*outageLab
	stores []*FileStore
	known  map[string]messages.OutageRecord
}

func (m *memory) check() {
	if _, err := os.Lstat(m.path); err != nil {
		require.Empty(m.t, m.known)
		return
	}
	m.settle()
	assert.Equal(m.t, m.known, m.load())
}

// settle brings what is known up to the time, as each look at the file does.
func (m *memory) settle() {
	for server, r := range m.known {
		m.known[server] = outage.Merge(r, messages.OutageRecord{}, m.now, MaxWindow)
	}
}

func (m *memory) pass(minutes int) { m.now = m.now.Add(time.Duration(minutes) * time.Minute) }

// goBack sets the clock back. What had left the window is in it again, unless the file was rewritten meanwhile: of that the
// file knows better.
func (m *memory) goBack(minutes int) {
	m.settle()
	m.pass(-minutes)
	if len(m.known) == 0 {
		return
	}
	never := func(r messages.OutageRecord) messages.OutageRecord { // without what had left it
		return outage.Merge(r, messages.OutageRecord{}, m.now, MaxWindow-time.Duration(minutes)*time.Minute)
	}
	found := m.load()
	require.Len(m.t, found, len(m.known))
	for server, r := range found {
		require.Equal(m.t, never(m.known[server]), never(r))
	}
	m.known = found
}

func (m *memory) merge(rt *rapid.T) {
	server := rapid.SampledFrom([]string{"S1", "S2", "S3"}).Draw(rt, "server")
	m.mergeSeen(rt, server, m.anyRecord(rt, server))
}

// mergeAgain merges what is known already, as a program does that has it in its memory.
func (m *memory) mergeAgain(rt *rapid.T) { m.mergeSeen(rt, "S1", m.known["S1"]) }

func (m *memory) mergeSeen(rt *rapid.T, server string, seen messages.OutageRecord) {
	m.settle()
	want := outage.Merge(m.known[server], seen, m.now, MaxWindow)
	assert.Equal(m.t, want, m.mergeBy(rapid.SampledFrom(m.stores).Draw(rt, "store"), server, seen))
	if len(want.Outages) > 0 || want.Last != (messages.Identity{}) || m.has(server) {
		m.known[server] = want
	}
}

func (m *memory) has(server string) bool {
	_, ok := m.known[server]
	return ok
}

func (m *memory) anyRecord(rt *rapid.T, server string) messages.OutageRecord {
	boot := rapid.Map(rapid.IntRange(1, 9), func(n int) string { return fmt.Sprint("b", n) })
	minutes := rapid.IntRange(-30, 8*24*60) // some in the future, some older than the longest window
	one := rapid.Custom(func(rt *rapid.T) messages.Outage {
		return messages.Outage{
			BootID: boot.Draw(rt, "boot"), Restart: rapid.Bool().Draw(rt, "restart"),
			Down: m.ago(minutes.Draw(rt, "down")), Up: m.ago(minutes.Draw(rt, "up")),
		}
	})
	seen := messages.OutageRecord{Outages: rapid.SliceOfN(one, 0, 3).Draw(rt, "outages")}
	if rapid.Bool().Draw(rt, "connected") {
		epoch := rapid.Uint64Range(1, 9).Draw(rt, "epoch")
		seen.Last = messages.Identity{ServerID: server, BootID: fmt.Sprint("b", epoch), Epoch: epoch}
	}
	return seen
}

// tear leaves a part of a record at the end of the file, if there is one.
func (m *memory) tear(rt *rapid.T) {
	text, err := os.ReadFile(m.path)
	if err != nil {
		return
	}
	log, damage := decodeOutages(text)
	require.Nil(m.t, damage)
	record := serverOutages{Server: "S1", OutageRecord: m.anyRecord(rt, "S1")}
	line, _, err := encodeRecord(record, log.sum)
	require.NoError(m.t, err)
	m.write(append(text[:log.size], line[:rapid.IntRange(0, len(line)-1).Draw(rt, "written")]...))
}
