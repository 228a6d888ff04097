package supervisor

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

func TestRule3_WhileAllIsWellNobodyIsToldAndNothingIsLogged(t *testing.T) {
	var book logBook
	setup := func(s *stage) {
		s.server(1).SetClientTimeout(time.Hour)
		s.logTo(&book)
	}
	onStage(t, 2, setup, func(s *stage) {
		s.checkout()
		s.checkout()
		s.pass(12 * time.Hour)
		assert.Greater(s, len(s.wire.Calls(transporttest.Heartbeats)), 600, "the application was not asked for any of them")
		assert.Equal(s, []string{"CheckedOut f2 s1:1", "CheckedOut f2 s1:1"}, s.events.texts())
		assert.Empty(s, book.from(slog.LevelDebug+1, ""))
	})
}

func TestRule3_HeartbeatsRunBesideAnApplicationThatHangs(t *testing.T) {
	var stuck chan struct{}
	hang := func(s *stage) {
		stuck = make(chan struct{})
		s.config.OnEvent = func(messages.Event) { <-stuck }
	}
	onStage(t, 1, hang, func(s *stage) {
		defer close(stuck)
		s.checkout()
		s.pass(time.Hour)
		assert.Equal(s, 1, s.server(1).Held("f2"))
	})
}
