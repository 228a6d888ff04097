package logqueue

import (
	"bytes"
	"context"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// host is a log handler whose records pass through a function of the test.
type host struct {
	slog.Handler
	before func(slog.Record)
}

func (h host) Handle(ctx context.Context, r slog.Record) error {
	h.before(r)
	return h.Handler.Handle(ctx, r)
}

func textTo(w *bytes.Buffer) slog.Handler {
	return slog.NewTextHandler(w, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})
}

func TestRecordsReachTheHandlerInOrderWithTheirAttributesAndGroups(t *testing.T) {
	var out bytes.Buffer
	q, log := New(textTo(&out))
	log.Info("first", "n", 1)
	log.With("server", "S1").WithGroup("lease").Warn("second", "n", 2)
	log.Debug("below the handler's level")
	q.Close(time.Minute)
	assert.Equal(t, "level=INFO msg=first n=1\nlevel=WARN msg=second server=S1 lease.n=2\n", out.String())
}

func TestAHandlerThatHangsHoldsUpNeitherALoggerNorClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		q, log := New(host{textTo(&bytes.Buffer{}), func(slog.Record) { <-release }})
		for range 10 * bound {
			log.Error("does not wait")
		}
		began := time.Now()
		q.Close(time.Second)
		assert.Equal(t, time.Second, time.Since(began))
		close(release)
	})
}

func TestAHandlerThatWasTooSlowIsToldHowManyRecordsItLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		release := make(chan struct{})
		q, log := New(host{textTo(&out), func(slog.Record) { <-release }})
		log.Info("held up")
		synctest.Wait()
		for range bound + 7 {
			log.Info("queued or dropped")
		}
		close(release)
		synctest.Wait()
		log.Info("afterwards")
		q.Close(time.Second)
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		assert.Len(t, lines, 1+bound+1+1)
		assert.Contains(t, lines[bound+1], "dropped=7")
		assert.Contains(t, lines[bound+2], "afterwards")
	})
}

func TestAHandlerThatPanicsOrEndsItsGoroutineLosesOneRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		q, log := New(host{textTo(&out), func(r slog.Record) {
			switch r.Message {
			case "panic":
				panic("in the handler")
			case "goexit":
				runtime.Goexit()
			}
		}})
		log.Info("panic")
		log.Info("goexit")
		log.Info("goes on")
		q.Close(time.Second)
		assert.Equal(t, "level=ERROR msg=\"the log handler panicked, and a record is lost\" panic=\"in the handler\"\n"+
			"level=INFO msg=\"goes on\"\n", out.String())
	})
}

// hostile panics wherever it is called.
type hostile struct{}

func (hostile) Enabled(context.Context, slog.Level) bool  { panic("Enabled") }
func (hostile) Handle(context.Context, slog.Record) error { panic("Handle") }
func (hostile) WithAttrs([]slog.Attr) slog.Handler        { panic("WithAttrs") }
func (hostile) WithGroup(string) slog.Handler             { panic("WithGroup") }

func TestAHandlerThatAlwaysPanicsDoesNotPanicItsCaller(t *testing.T) {
	q, log := New(hostile{})
	log.With("a", 1).WithGroup("g").Info("text", "b", 2)
	q.Close(time.Minute)
}

func TestAHandlerMayLogAndCloseByTheLoggerItServes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q *Queue
		var log *slog.Logger
		var again sync.Once
		q, log = New(host{textTo(&bytes.Buffer{}), func(slog.Record) {
			again.Do(func() {
				log.Info("from within")
				q.Close(time.Second)
			})
		}})
		log.Info("text")
		q.Close(time.Minute)
	})
}

func TestNothingRunsForAHandlerThatDiscards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, log := New(slog.DiscardHandler)
		log.Info("text") // the bubble would find a goroutine that is left
		q.Close(time.Second)
		assert.False(t, log.Enabled(t.Context(), slog.LevelError))
	})
}
