package supervisor

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

func TestRule3_WhileAllIsWellNoEventIsPublishedAndNothingIsLogged(t *testing.T) {
	var book logRecorder
	setup := func(h *harness) {
		h.server(1).SetClientTimeout(time.Hour)
		h.logTo(&book)
	}
	withHarness(t, 2, setup, func(h *harness) {
		h.checkout()
		h.checkout()
		h.pass(12 * time.Hour)
		assert.Greater(h, len(h.wire.Calls(transporttest.Heartbeats)), 600, "the application was not asked for any of them")
		assert.Equal(h, []string{"CheckedOut f2 s1:1", "CheckedOut f2 s1:1"}, h.events.texts())
		assert.Empty(h, book.find(slog.LevelDebug+1, ""))
	})
}

func TestRule3_HeartbeatsRunBesideAnApplicationThatHangs(t *testing.T) {
	var stuck chan struct{}
	hang := func(h *harness) {
		stuck = make(chan struct{})
		h.config.OnEvent = func(messages.Event) { <-stuck }
	}
	withHarness(t, 1, hang, func(h *harness) {
		defer close(stuck)
		h.checkout()
		h.pass(time.Hour)
		assert.Equal(h, 1, h.server(1).Held("f2"))
	})
}
