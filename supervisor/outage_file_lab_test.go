package supervisor

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
)

// outageLab is an outage file, and the time that it is there.
type outageLab struct {
	t    require.TestingT
	ctx  context.Context
	path string
	now  time.Time
	logs logBook
}

func newOutageLab(t *testing.T) *outageLab {
	t.Helper()
	return &outageLab{
		t: t, ctx: t.Context(), path: filepath.Join(t.TempDir(), "outages"),
		now: time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC),
	}
}

// store returns a store like that of another program.
func (l *outageLab) store() *FileStore {
	s := NewFileStore(l.path)
	s.Logger = slog.New(&l.logs)
	s.now = func() time.Time { return l.now }
	return s
}

func (l *outageLab) merge(server string, seen ...messages.Outage) messages.OutageRecord {
	return l.mergeRecord(server, messages.OutageRecord{Outages: seen})
}

func (l *outageLab) mergeRecord(server string, seen messages.OutageRecord) messages.OutageRecord {
	return l.mergeBy(l.store(), server, seen)
}

func (l *outageLab) mergeBy(s *FileStore, server string, seen messages.OutageRecord) messages.OutageRecord {
	merged, err := s.Merge(l.ctx, server, seen)
	require.NoError(l.t, err)
	return merged
}

func (l *outageLab) load() map[string]messages.OutageRecord {
	known, err := l.store().Load(l.ctx)
	require.NoError(l.t, err)
	return known
}

// text returns what is in the file.
func (l *outageLab) text() []byte {
	text, err := os.ReadFile(l.path)
	require.NoError(l.t, err)
	return text
}

// write puts this text into the file.
func (l *outageLab) write(text []byte) {
	require.NoError(l.t, os.WriteFile(l.path, text, outageFileMode))
}

// ago is a time so many minutes before now.
func (l *outageLab) ago(minutes int) time.Time {
	return l.now.Add(-time.Duration(minutes) * time.Minute)
}

// restart is one to this life, so many minutes ago.
func (l *outageLab) restart(boot string, minutes int) messages.Outage {
	return messages.Outage{BootID: boot, Restart: true, Down: l.ago(minutes), Up: l.ago(minutes)}
}

// pause is an outage without a restart that began and ended so many minutes ago.
func (l *outageLab) pause(down, up int) messages.Outage {
	return messages.Outage{BootID: "b0", Down: l.ago(down), Up: l.ago(up)}
}

func outagesOf(outages ...messages.Outage) messages.OutageRecord {
	return messages.OutageRecord{Outages: outages}
}
