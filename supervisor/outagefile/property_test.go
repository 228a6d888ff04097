package outagefile

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

// TestFileStoresOnOneFileAreOneMemory merges random outages through several stores into one file, with crashes and
// corrections of the clock in between, and compares the file with records that are merged in memory.
func TestFileStoresOnOneFileAreOneMemory(t *testing.T) {
	base, files := newFixture(t), 0
	rapid.Check(t, func(rt *rapid.T) {
		files++
		l := &fixture{t: rt, ctx: base.ctx, now: base.now, path: filepath.Join(filepath.Dir(base.path), strconv.Itoa(files))}
		m := &memory{fixture: l, known: make(map[string]messages.OutageRecord)}
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

// memory has the records that the file should have.
type memory struct {
	*fixture
	stores []*FileStore
	known  map[string]messages.OutageRecord
}

func (m *memory) check() {
	if _, err := os.Lstat(m.path); err != nil {
		require.Empty(m.t, m.known)
		return
	}
	m.normalize()
	assert.Equal(m.t, m.known, m.load())
}

// normalize applies the present time to the records, as each call does to the file.
func (m *memory) normalize() {
	for server, r := range m.known {
		m.known[server] = outage.Merge(r, messages.OutageRecord{}, m.now, MaxWindow)
	}
}

func (m *memory) pass(minutes int) { m.now = m.now.Add(time.Duration(minutes) * time.Minute) }

// goBack sets the clock back. Outages that had left the window are in it again, unless the file was rewritten meanwhile.
// Only the file knows which: so the records are compared without these outages, and then taken from the file.
func (m *memory) goBack(minutes int) {
	m.normalize()
	m.pass(-minutes)
	if len(m.known) == 0 {
		return
	}
	never := func(r messages.OutageRecord) messages.OutageRecord { // without outages that had left the window
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

// mergeAgain merges outages that the file has already, as a program does that has them in its memory.
func (m *memory) mergeAgain(rt *rapid.T) { m.mergeSeen(rt, "S1", m.known["S1"]) }

func (m *memory) mergeSeen(rt *rapid.T, server string, seen messages.OutageRecord) {
	m.normalize()
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

// tear leaves part of a record at the end of the file, if the file exists.
func (m *memory) tear(rt *rapid.T) {
	text, err := os.ReadFile(m.path)
	if err != nil {
		return
	}
	log, damage := decode("outages", text)
	require.Nil(m.t, damage)
	record := serverOutages{Server: "S1", OutageRecord: m.anyRecord(rt, "S1")}
	line, _, err := encodeRecord(record, log.sum)
	require.NoError(m.t, err)
	m.write(append(text[:log.size], line[:rapid.IntRange(0, len(line)-1).Draw(rt, "written")]...))
}
