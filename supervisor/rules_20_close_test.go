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
	withHarness(t, 2, nil, func(h *harness) {
		one, other := h.checkout(), h.checkoutOf(messages.Checkout{Feature: "f3", Count: 7})
		h.server(1).SetSeats("f2", 1)
		elsewhere := h.checkout()
		require.Equal(h, "S2", elsewhere.Status().Server.ID)
		require.NoError(h, h.rt.Close(h.Context()))
		assert.Zero(h, h.server(1).HeldTotal())
		assert.Zero(h, h.server(2).HeldTotal())
		for _, license := range []*License{one, other, elsewhere} {
			<-license.Done()
			assert.ErrorIs(h, license.Err(), messages.ErrClosed)
			assert.Equal(h, messages.StateCheckedIn, license.Status().State)
		}
		assert.Equal(h, 3, count[messages.CheckedIn](&h.events))
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
			withHarness(t, 1, nil, func(h *harness) {
				h.checkout()
				disturb(h.server(1))
				require.NoError(h, h.rt.Close(h.within(time.Minute)))
				assert.Zero(h, h.server(1).Held("f2"))
			})
		})
	}
}

func TestRule20_CloseEndsWithItsContext(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.checkout()
		h.server(1).Down()
		begin := time.Now()
		assert.ErrorIs(h, h.rt.Close(h.within(30*time.Second)), context.DeadlineExceeded)
		assert.Equal(h, 30*time.Second, time.Since(begin).Truncate(time.Second))
		h.server(1).Up()
	})
}

func TestRule20_CloseWithAnEndedContextMakesOneAttempt(t *testing.T) {
	t.Run("rule 20: and returns the seats", func(t *testing.T) {
		withHarness(t, 1, nil, func(h *harness) {
			h.checkout()
			h.server(1).DelayReplies(1500*time.Millisecond, transporttest.Checkins)
			assert.NoError(h, h.rt.Close(h.within(0)))
			assert.Zero(h, h.server(1).Held("f2"))
		})
	})
	t.Run("rule 20: of two seconds", func(t *testing.T) {
		withHarness(t, 1, nil, func(h *harness) {
			h.checkout()
			h.server(1).BlackHole(true, transporttest.Checkins)
			begin := time.Now()
			assert.Error(h, h.rt.Close(h.within(0)))
			assert.InDelta(h, 2*time.Second, time.Since(begin), float64(eventbus.Grace))
			h.server(1).ClearFaults()
		})
	})
}

// inEveryState brings a license into each live state. The first is that of a checkout that is running.
var inEveryState = map[messages.State]func(*harness){
	messages.StateCheckingOut: func(h *harness) {
		h.server(1).BlackHole(true, transporttest.Checkouts)
		go func() { _, _ = h.rt.Checkout(h.Context(), messages.Checkout{Feature: "f2"}) }()
		h.pass(time.Second)
	},
	messages.StateHeld:         func(h *harness) { h.checkout() },
	messages.StateReconnecting: func(h *harness) { h.checkout(); h.server(1).Down(); h.untilLost(1) },
	messages.StateRetaking: func(h *harness) {
		h.retake(messages.Checkout{Feature: "f2"},
			func(server *transporttest.Server) { busy(server, messages.Busy, time.Minute) })
	},
	messages.StateFailingOver: func(h *harness) {
		h.checkout()
		h.server(2).BlackHole(true)
		h.server(1).Down()
		h.untilLost(2)
		h.pass(time.Second)
	},
}

func TestRule20_CloseWorksInEveryState(t *testing.T) {
	for state, reach := range inEveryState {
		t.Run("rule 20: "+state.String(), func(t *testing.T) {
			withHarness(t, 2, attempts(2), func(h *harness) {
				reach(h)
				require.Equal(h, map[messages.State]int{state: 1}, h.rt.Status().Features)
				time.AfterFunc(3*time.Second, func() {
					h.server(1).Up()
					h.server(1).ClearFaults()
					h.server(2).ClearFaults()
				})
				assert.NoError(h, h.rt.Close(h.within(time.Minute)))
				assert.Zero(h, h.server(1).Held("f2"))
				assert.Zero(h, h.server(2).Held("f2"))
			})
		})
	}
}

func TestRule20_CloseGivesUpInEveryStateWhenNoServerAnswers(t *testing.T) {
	for state, reach := range inEveryState {
		t.Run("rule 20: "+state.String(), func(t *testing.T) {
			withHarness(t, 2, attempts(2), func(h *harness) {
				reach(h)
				h.server(1).Down()
				h.server(2).Down()
				begin := time.Now()
				_ = h.rt.Close(h.within(10 * time.Second))
				assert.LessOrEqual(h, time.Since(begin), 11*time.Second)
				h.server(1).Up()
				h.server(2).Up()
			})
		})
	}
}

func TestRule20_ACheckoutUnderWayGetsErrClosed(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.server(1).BlackHole(true, transporttest.Checkouts)
		time.AfterFunc(time.Second, func() { _ = h.rt.Close(h.within(time.Second)) })
		_, err := h.rt.Checkout(h.Context(), messages.Checkout{Feature: "f2"})
		assert.ErrorIs(h, err, messages.ErrClosed)
		h.server(1).ClearFaults()
	})
}

func TestRule20_NothingExitsFromCloseOn(t *testing.T) {
	exits := 0
	setup := func(h *harness) {
		attempts(1)(h)
		h.config.Callbacks.OnExit = func(messages.Exited) { exits++ }
	}
	withHarness(t, 1, setup, func(h *harness) {
		license := h.checkout()
		h.untilHeartbeats(1)
		h.server(1).Down()
		<-license.Done() // its exit is published a moment later, together with those of others
		require.ErrorIs(h, license.Err(), messages.ErrExited)
		_ = h.rt.Close(h.within(time.Minute))
		assert.Zero(h, exits)
		assert.Equal(h, 1, count[messages.Exited](&h.events), "the event belongs to the LicenseLost before it")
		h.server(1).Up()
	})
}

func TestRule20_CloseIsIdempotent(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.checkout()
		require.NoError(h, h.rt.Close(h.Context()))
		calls := h.server(1).Stats().Tried
		assert.NoError(h, h.rt.Close(h.Context()))
		assert.NoError(h, h.rt.Close(h.within(0)), "it is closed already")
		assert.Equal(h, calls, h.server(1).Stats().Tried)
	})
}

func TestRule20_ConcurrentClosesReturnTogether(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.checkout()
		h.server(1).DelayReplies(2*time.Second, transporttest.Checkins)
		begin := time.Now()
		var closes sync.WaitGroup
		for range 10 {
			closes.Go(func() {
				assert.NoError(h, h.rt.Close(h.Context()))
				assert.GreaterOrEqual(h, time.Since(begin), 2*time.Second)
			})
		}
		closes.Wait()
	})
}

func TestRule20_AnotherCloseEndsWithItsOwnContext(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.checkout()
		h.server(1).Down()
		go func() { _ = h.rt.Close(h.within(30 * time.Second)) }()
		h.pass(0)
		begin := time.Now()
		assert.ErrorIs(h, h.rt.Close(h.within(3*time.Second)), context.DeadlineExceeded)
		assert.Equal(h, 3*time.Second, time.Since(begin))
		h.server(1).Up()
	})
}

func TestRule20_CloseLeavesNoGoroutineBehind(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.pass(time.Minute)
		before := goleak.IgnoreCurrent()
		for range 50 {
			rt, err := Start(h.Context(), h.config)
			require.NoError(h, err)
			for range 3 {
				_, err := rt.Checkout(h.Context(), messages.Checkout{Feature: "f2"})
				require.NoError(h, err)
			}
			require.NoError(h, rt.Close(h.Context()))
		}
		assert.NoError(h, goleak.Find(before))
	})
}
