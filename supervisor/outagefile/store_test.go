package outagefile

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/actors/outage"
	"github.com/seatbeat/seatbeat/messages"
)

var _ outage.Store = (*FileStore)(nil)

func TestFileStoreSharesOutagesBetweenPrograms(t *testing.T) {
	l := newFixture(t)
	seen := messages.OutageRecord{
		Last:    messages.Identity{ServerID: "S1", BootID: "b1", Epoch: 1 << 63},
		Outages: []messages.Outage{l.pause(30, 20), l.restart("b1", 10)},
	}
	assert.Equal(t, seen, l.mergeRecord("S1", seen))
	other := l.merge("S2", l.restart("c1", 1))
	assert.Equal(t, map[string]messages.OutageRecord{"S1": seen, "S2": other}, l.load())
}

func TestFileStoreCountsARestartThatTwoProgramsSawOnce(t *testing.T) {
	l := newFixture(t)
	l.merge("S1", l.restart("b1", 10))
	assert.Equal(t, outagesOf(l.restart("b1", 10)), l.merge("S1", l.restart("b1", 9)))
}

func TestFileStoreNeedsNoFileToStart(t *testing.T) {
	l := newFixture(t)
	assert.Equal(t, map[string]messages.OutageRecord{}, l.load())
	assert.Equal(t, 1, l.logged(slog.LevelInfo, "no outage file yet"))
	assert.NoFileExists(t, l.path)
}

func TestFileStoreLogsAFirstRunOnce(t *testing.T) {
	l := newFixture(t)
	l.merge("S1", l.restart("b1", 1))
	l.load()
	assert.Empty(t, l.log.String())
}

func TestFileStoreDiscardsItsLogWithoutALogger(t *testing.T) {
	s := NewFileStore(filepath.Join(t.TempDir(), "outages"))
	_, err := s.Load(t.Context())
	require.NoError(t, err)
}

func TestFileStoreWritesNothingWhenNothingIsNew(t *testing.T) {
	l := newFixture(t)
	l.merge("S1", l.restart("b1", 10), l.restart("b2", 5))
	l.merge("S2")
	before := l.text()
	l.merge("S1", l.restart("b1", 9))
	l.merge("S3")
	assert.Equal(t, string(before), string(l.text()))
}

func TestFileStoreForgetsOutagesThatLeftTheLongestWindow(t *testing.T) {
	l := newFixture(t)
	l.merge("S1", l.restart("b1", 10), l.restart("b2", 9))
	l.now = l.now.Add(MaxWindow - 10*time.Minute)
	assert.Len(t, l.load()["S1"].Outages, 1)
	l.now = l.now.Add(time.Minute)
	assert.Empty(t, l.merge("S1").Outages)
}

func TestFileStoreKeepsTheFileSmall(t *testing.T) {
	l := newFixture(t)
	store := l.store()
	store.compact = 2000
	rewritten := 0
	for n := range 200 {
		before := l.size()
		l.mergeBy(store, "S1", outagesOf(l.restart(fmt.Sprint("b", n), 0)))
		l.now = l.now.Add(MaxWindow / 5)
		require.LessOrEqual(t, l.size(), int64(2000))
		if l.size() < before {
			rewritten++
		}
	}
	assert.Positive(t, rewritten)
	assert.Equal(t, "b199", l.load()["S1"].Outages[3].BootID)
}

func TestFileStoreDoesNotRewriteAFileWithoutHistory(t *testing.T) {
	l := newFixture(t)
	store := l.store()
	store.compact = 2000
	for n := range 60 {
		l.mergeBy(store, "S1", outagesOf(l.restart(fmt.Sprint("b", n), 0)))
	}
	f, err := openFile(l.path)
	require.NoError(t, err)
	known, err := f.records.encode()
	require.NoError(t, err)
	require.NoError(t, f.close())
	require.Greater(t, len(known), 2000)
	assert.LessOrEqual(t, l.size(), int64(2*len(known)))
	assert.Len(t, l.load()["S1"].Outages, 60)
}

// size returns the size of the file, 0 when there is none.
func (l *fixture) size() int64 {
	info, err := os.Stat(l.path)
	if err != nil {
		return 0
	}
	return info.Size()
}

func TestFileStoreKeepsTheServersThatChangedLast(t *testing.T) {
	l := newFixture(t)
	for n := range KeptServers + 6 {
		l.merge(fmt.Sprint("S", n), l.restart("b1", 10))
	}
	l.merge("S0", l.restart("b2", 5))
	require.Len(t, l.load(), KeptServers+6)
	store := l.store()
	store.compact = 1
	for minutes := range 4 { // until half of the file is superseded records
		l.mergeBy(store, "S1", outagesOf(l.restart("b2", minutes)))
		l.now = l.now.Add(MaxWindow)
	}
	known := l.load()
	assert.Len(t, known, KeptServers)
	assert.Contains(t, known, "S0")
	assert.Contains(t, known, "S1")
	assert.NotContains(t, known, "S2")
}

func TestFileStoreReplacesTheRestOfARewriteThatCrashed(t *testing.T) {
	l := newFixture(t)
	require.NoError(t, os.WriteFile(l.path+".tmp", []byte("half a fi"), 0o644))
	l.merge("S1", l.restart("b1", 1))
	assert.Equal(t, outagesOf(l.restart("b1", 1)), l.load()["S1"])
	assert.NoFileExists(t, l.path+".tmp")
}

// A time in the future is replaced for good by the time at which a call first sees it.
func TestFileStoreCorrectsATimeInTheFutureForGood(t *testing.T) {
	for name, see := range map[string]func(*fixture){
		"by Load":          func(l *fixture) { l.load() },
		"by Merge":         func(l *fixture) { l.merge("S1") },
		"by another Merge": func(l *fixture) { l.merge("S2", l.restart("c1", 0)) },
	} {
		t.Run(name, func(t *testing.T) {
			l := newFixture(t)
			l.now = l.now.Add(time.Hour)
			l.merge("S1", l.restart("b1", 0))
			l.now = l.now.Add(-time.Hour)
			want := outagesOf(l.restart("b1", 0))
			see(l)
			l.now = l.now.Add(10 * time.Minute)
			assert.Equal(t, want, l.load()["S1"])
		})
	}
}

func TestFileStoreUsesTheClockOfTheSystem(t *testing.T) {
	l := newFixture(t)
	began := time.Now()
	merged, err := NewFileStore(l.path).Merge(t.Context(), "S1", outagesOf(messages.Outage{BootID: "b1", Restart: true, Up: began.Add(time.Hour)}))
	require.NoError(t, err)
	assert.WithinRange(t, merged.Outages[0].Up, began.Round(0), time.Now())
}

func TestFileStoreMayBeUsedByManyGoroutines(t *testing.T) {
	l := newFixture(t)
	stores := []*FileStore{l.store(), l.store()}
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for n := range 8 {
				_, err := stores[g%2].Merge(t.Context(), "S1", outagesOf(l.restart(fmt.Sprint("b", g, "-", n), n), l.restart(fmt.Sprint("all", n), g)))
				assert.NoError(t, err)
			}
		})
	}
	all.Wait()
	assert.Len(t, l.load()["S1"].Outages, 8*8+8)
}

func TestFileStoreDoesNothingWithAnEndedContext(t *testing.T) {
	l := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := l.store().Load(ctx)
	assert.ErrorIs(t, err, context.Canceled)
	_, err = l.store().Merge(ctx, "S1", outagesOf(l.restart("b1", 1)))
	assert.ErrorIs(t, err, context.Canceled)
	assert.NoFileExists(t, l.path)
}

func TestFileStoreRefusesARecordThatItCouldNotKeepUnchanged(t *testing.T) {
	l := newFixture(t)
	long, broken := strings.Repeat("x", 65), "\xff"
	last := func(server, boot string) messages.OutageRecord {
		return messages.OutageRecord{Last: messages.Identity{ServerID: server, BootID: boot}}
	}
	for name, c := range map[string]struct {
		server string
		seen   messages.OutageRecord
		want   string
	}{
		"no server":          {"", messages.OutageRecord{}, "has no ServerID"},
		"long server":        {long, messages.OutageRecord{}, "ServerID"},
		"broken server":      {broken, messages.OutageRecord{}, "ServerID"},
		"long last server":   {"S1", last(long, "b1"), "ServerID"},
		"broken last boot":   {"S1", last("S1", broken), "BootID"},
		"long boot of one":   {"S1", outagesOf(l.restart(long, 1)), "BootID"},
		"broken boot of one": {"S1", outagesOf(l.restart(broken, 1)), "BootID"},
		"long before":        {"S1", outagesOf(messages.Outage{Down: l.now.AddDate(-3000, 0, 0), Up: l.now}), "year -974"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := l.store().Merge(t.Context(), c.server, c.seen)
			assert.ErrorContains(t, err, c.want)
		})
	}
	assert.NoFileExists(t, l.path)
}

// hangingHandler is a slog.Handler that takes nothing.
type hangingHandler struct {
	slog.Handler
	free chan struct{}
}

func (h hangingHandler) Handle(context.Context, slog.Record) error { <-h.free; return nil }

func TestALogHandlerThatHangsHoldsACallUpByASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler := hangingHandler{slog.NewTextHandler(io.Discard, nil), make(chan struct{})}
		defer close(handler.free)
		store := NewFileStore(filepath.Join(t.TempDir(), "outages"))
		store.Logger = slog.New(handler)
		began := time.Now()
		_, err := store.Load(t.Context())
		require.NoError(t, err)
		assert.LessOrEqual(t, time.Since(began), logWait)
	})
}
