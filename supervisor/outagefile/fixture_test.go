package outagefile

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
)

// fixture is an outage file with a clock of its own.
type fixture struct {
	t    require.TestingT
	ctx  context.Context
	path string
	now  time.Time
	log  bytes.Buffer // what the stores logged, as text
}

// newFixture makes the test parallel: it has a folder of its own, and mostly waits for the disk.
func newFixture(t *testing.T) *fixture {
	t.Helper()
	t.Parallel()
	return &fixture{
		t: t, ctx: t.Context(), path: filepath.Join(t.TempDir(), "outages"),
		now: time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC),
	}
}

// store returns a new store in the file, as another program has it.
func (l *fixture) store() *FileStore {
	s := NewFileStore(l.path)
	s.Logger = slog.New(slog.NewTextHandler(&l.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.now = func() time.Time { return l.now }
	return s
}

func (l *fixture) merge(server string, seen ...messages.Outage) messages.OutageRecord {
	return l.mergeRecord(server, messages.OutageRecord{Outages: seen})
}

func (l *fixture) mergeRecord(server string, seen messages.OutageRecord) messages.OutageRecord {
	return l.mergeBy(l.store(), server, seen)
}

func (l *fixture) mergeBy(s *FileStore, server string, seen messages.OutageRecord) messages.OutageRecord {
	merged, err := s.Merge(l.ctx, server, seen)
	require.NoError(l.t, err)
	return merged
}

func (l *fixture) load() map[string]messages.OutageRecord {
	known, err := l.store().Load(l.ctx)
	require.NoError(l.t, err)
	return known
}

// logged returns how many records of this level contain the words.
func (l *fixture) logged(level slog.Level, words string) (n int) {
	for line := range strings.Lines(l.log.String()) {
		if strings.Contains(line, "level="+level.String()+" ") && strings.Contains(line, words) {
			n++
		}
	}
	return n
}

// text returns the contents of the file.
func (l *fixture) text() []byte {
	text, err := os.ReadFile(l.path)
	require.NoError(l.t, err)
	return text
}

// write replaces the contents of the file.
func (l *fixture) write(text []byte) {
	require.NoError(l.t, os.WriteFile(l.path, text, fileMode))
}

// ago returns the time this many minutes before now.
func (l *fixture) ago(minutes int) time.Time {
	return l.now.Add(-time.Duration(minutes) * time.Minute)
}

// restart returns a restart that began this boot, this many minutes ago.
func (l *fixture) restart(boot string, minutes int) messages.Outage {
	return messages.Outage{BootID: boot, Restart: true, Down: l.ago(minutes), Up: l.ago(minutes)}
}

// pause returns an outage without a restart that began and ended this many minutes ago.
func (l *fixture) pause(down, up int) messages.Outage {
	return messages.Outage{BootID: "b0", Down: l.ago(down), Up: l.ago(up)}
}

func outagesOf(outages ...messages.Outage) messages.OutageRecord {
	return messages.OutageRecord{Outages: outages}
}
