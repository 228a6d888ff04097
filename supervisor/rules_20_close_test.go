package supervisor

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seatbeat/seatbeat/internal/eventbus"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

func TestRule20_CloseReturnsEverySeat(t *testing.T) {
	onStage(t, 2, nil, func(s *stage) {
		one, other := s.checkout(), s.checkoutOf(messages.Checkout{Feature: "f3", Count: 7})
		s.server(1).SetSeats("f2", 1)
		elsewhere := s.checkout()
		require.Equal(s, "S2", elsewhere.Status().Server.ID)
		require.NoError(s, s.rt.Close(s.Context()))
		assert.Zero(s, s.server(1).HeldTotal())
		assert.Zero(s, s.server(2).HeldTotal())
		for _, license := range []*License{one, other, elsewhere} {
			<-license.Done()
			assert.ErrorIs(s, license.Err(), messages.ErrClosed)
			assert.Equal(s, messages.StateCheckedIn, license.Status().State)
		}
		assert.Equal(s, 3, count[messages.CheckedIn](&s.events))
	})
}

func TestRule20_CloseRepeatsAReturnUntilItIsAnswered(t *testing.T) {
	for name, disturb := range map[string]func(*transporttest.Server){
		"replies are lost": func(server *transporttest.Server) { server.DropReplies(4, transporttest.Checkins) },
		"busy": func(server *transporttest.Server) {
			server.Refuse(&transport.Refusal{Reason: messages.Busy, RetryAfter: time.Second}, transporttest.Checkins)
			time.AfterFunc(5*time.Second, server.ClearFaults)
		},
		"down for a while": func(server *transporttest.Server) {
			server.Down()
			time.AfterFunc(5*time.Second, server.Up)
		},
	} {
		t.Run("rule 20: "+name, func(t *testing.T) {
			onStage(t, 1, nil, func(s *stage) {
				s.checkout()
				disturb(s.server(1))
				require.NoError(s, s.rt.Close(s.within(time.Minute)))
				assert.Zero(s, s.server(1).Held("f2"))
			})
		})
	}
}

func TestRule20_CloseEndsWithItsContext(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.checkout()
		s.server(1).Down()
		begin := time.Now()
		assert.ErrorIs(s, s.rt.Close(s.within(30*time.Second)), context.DeadlineExceeded)
		assert.Equal(s, 30*time.Second, time.Since(begin).Truncate(time.Second))
		s.server(1).Up()
	})
}

func TestRule20_CloseWithAnEndedContextMakesOneAttempt(t *testing.T) {
	t.Run("rule 20: and returns the seats", func(t *testing.T) {
		onStage(t, 1, nil, func(s *stage) {
			s.checkout()
			s.server(1).DelayReplies(1500*time.Millisecond, transporttest.Checkins)
			assert.NoError(s, s.rt.Close(s.within(0)))
			assert.Zero(s, s.server(1).Held("f2"))
		})
	})
	t.Run("rule 20: of two seconds", func(t *testing.T) {
		onStage(t, 1, nil, func(s *stage) {
			s.checkout()
			s.server(1).BlackHole(true, transporttest.Checkins)
			begin := time.Now()
			assert.Error(s, s.rt.Close(s.within(0)))
			assert.InDelta(s, 2*time.Second, time.Since(begin), float64(eventbus.Grace))
			s.server(1).ClearFaults()
		})
	})
}

// inEveryState brings a license into each live state, and a checkout that is under way into the first.
var inEveryState = map[messages.State]func(*stage){
	messages.StateCheckingOut: func(s *stage) {
		s.server(1).BlackHole(true, transporttest.Checkouts)
		go func() { _, _ = s.rt.Checkout(s.Context(), messages.Checkout{Feature: "f2"}) }()
		s.pass(time.Second)
	},
	messages.StateHeld:         func(s *stage) { s.checkout() },
	messages.StateReconnecting: func(s *stage) { s.checkout(); s.server(1).Down(); s.untilLost(1) },
	messages.StateRetaking: func(s *stage) {
		s.retake(messages.Checkout{Feature: "f2"},
			func(server *transporttest.Server) { busy(server, messages.Busy, time.Minute) })
	},
	messages.StateFailingOver: func(s *stage) {
		s.checkout()
		s.server(2).BlackHole(true)
		s.server(1).Down()
		s.untilLost(2)
		s.pass(time.Second)
	},
}

func TestRule20_CloseWorksInEveryState(t *testing.T) {
	for state, reach := range inEveryState {
		t.Run("rule 20: "+state.String(), func(t *testing.T) {
			onStage(t, 2, attempts(2), func(s *stage) {
				reach(s)
				require.Equal(s, map[messages.State]int{state: 1}, s.rt.Status().Features)
				time.AfterFunc(3*time.Second, func() {
					s.server(1).Up()
					s.server(1).ClearFaults()
					s.server(2).ClearFaults()
				})
				assert.NoError(s, s.rt.Close(s.within(time.Minute)))
				assert.Zero(s, s.server(1).Held("f2"))
				assert.Zero(s, s.server(2).Held("f2"))
			})
		})
	}
}

func TestRule20_CloseGivesUpInEveryStateWhenNoServerAnswers(t *testing.T) {
	for state, reach := range inEveryState {
		t.Run("rule 20: "+state.String(), func(t *testing.T) {
			onStage(t, 2, attempts(2), func(s *stage) {
				reach(s)
				s.server(1).Down()
				s.server(2).Down()
				begin := time.Now()
				_ = s.rt.Close(s.within(10 * time.Second))
				assert.LessOrEqual(s, time.Since(begin), 11*time.Second)
				s.server(1).Up()
				s.server(2).Up()
			})
		})
	}
}

func TestRule20_ACheckoutUnderWayGetsErrClosed(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.server(1).BlackHole(true, transporttest.Checkouts)
		time.AfterFunc(time.Second, func() { _ = s.rt.Close(s.within(time.Second)) })
		_, err := s.rt.Checkout(s.Context(), messages.Checkout{Feature: "f2"})
		assert.ErrorIs(s, err, messages.ErrClosed)
		s.server(1).ClearFaults()
	})
}

func TestRule20_NothingExitsFromCloseOn(t *testing.T) {
	exits := 0
	setup := func(s *stage) {
		attempts(1)(s)
		s.config.Callbacks.OnExit = func(messages.Exited) { exits++ }
	}
	onStage(t, 1, setup, func(s *stage) {
		license := s.checkout()
		s.untilBeaten(1)
		s.server(1).Down()
		<-license.Done() // its exit is told in a moment, together with those of others
		require.ErrorIs(s, license.Err(), messages.ErrExited)
		_ = s.rt.Close(s.within(time.Minute))
		assert.Zero(s, exits)
		assert.Zero(s, count[messages.Exited](&s.events))
		s.server(1).Up()
	})
}

func TestRule20_CloseIsIdempotent(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.checkout()
		require.NoError(s, s.rt.Close(s.Context()))
		calls := s.server(1).Stats().Tried
		assert.NoError(s, s.rt.Close(s.Context()))
		assert.NoError(s, s.rt.Close(s.within(0)), "it is closed already")
		assert.Equal(s, calls, s.server(1).Stats().Tried)
	})
}

func TestRule20_ConcurrentClosesReturnTogether(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.checkout()
		s.server(1).DelayReplies(2*time.Second, transporttest.Checkins)
		begin := time.Now()
		var closes sync.WaitGroup
		for range 10 {
			closes.Go(func() {
				assert.NoError(s, s.rt.Close(s.Context()))
				assert.GreaterOrEqual(s, time.Since(begin), 2*time.Second)
			})
		}
		closes.Wait()
	})
}

func TestRule20_AnotherCloseEndsWithItsOwnContext(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.checkout()
		s.server(1).Down()
		go func() { _ = s.rt.Close(s.within(30 * time.Second)) }()
		s.pass(0)
		begin := time.Now()
		assert.ErrorIs(s, s.rt.Close(s.within(3*time.Second)), context.DeadlineExceeded)
		assert.Equal(s, 3*time.Second, time.Since(begin))
		s.server(1).Up()
	})
}

func TestRule20_CloseLeavesNoGoroutineBehind(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.pass(time.Minute)
		before := goleak.IgnoreCurrent()
		for range 50 {
			rt, err := Start(s.Context(), s.config)
			require.NoError(s, err)
			for range 3 {
				_, err := rt.Checkout(s.Context(), messages.Checkout{Feature: "f2"})
				require.NoError(s, err)
			}
			require.NoError(s, rt.Close(s.Context()))
		}
		assert.NoError(s, goleak.Find(before))
	})
}
