package supervisor

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// A server that sends invalid replies counts as silent, or its replies are reported as events. It never makes the runtime
// panic, take a second seat, or send calls in a loop without a pause.

// tamper changes the replies of the first server to calls of this kind.
func (h *harness) tamper(kind transporttest.Kind, change func(transporttest.Call, *transporttest.Reply)) {
	h.server(1).Tamper(func(c transporttest.Call, r *transporttest.Reply) {
		if c.Kind == kind {
			change(c, r)
		}
	})
}

// callsDuring lets time pass and returns how many calls the runtime sent meanwhile.
func (h *harness) callsDuring(d time.Duration) int {
	before := h.wire.Len()
	h.pass(d)
	return h.wire.Len() - before
}

// checkSeats checks that never more than n seats were in use at once, and that none is in use after Close and the client
// timeout.
func (h *harness) checkSeats(n int) {
	h.Helper()
	assert.LessOrEqual(h, h.mostHeld("s1:1"), n)
	h.server(1).Tamper(nil)
	_ = h.rt.Close(h.within(time.Minute))
	h.pass(transporttest.DefaultClientTimeout)
	assert.Zero(h, h.server(1).HeldTotal())
}

func TestEndsOfLeasesThatTheBeatDidNotNameAreIgnored(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		license := h.checkout()
		h.tamper(transporttest.Heartbeats, func(_ transporttest.Call, r *transporttest.Reply) {
			for i := range 100 {
				r.Ended = append(r.Ended, transport.Ended{Lease: messages.LeaseID{byte(i)}, Reason: messages.Revoked})
			}
		})
		h.untilHeartbeats(5)
		assert.Equal(h, []string{"CheckedOut f2 s1:1"}, h.events.texts())
		assert.NoError(h, license.Err())
		h.checkSeats(1)
	})
}

func TestALeaseThatIsReportedEndedTwiceEndsOnce(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.checkout()
		h.tamper(transporttest.Heartbeats, func(c transporttest.Call, r *transporttest.Reply) {
			for _, id := range c.Leases {
				r.Ended = append(r.Ended, transport.Ended{Lease: id, Reason: messages.Expired}, transport.Ended{Lease: id, Reason: messages.Unknown})
			}
		})
		h.until("a beat", func() bool { return h.wire.CountAnswered(transporttest.Heartbeats) == 1 })
		h.server(1).Tamper(nil)
		h.pass(time.Second)
		assert.Equal(h, []string{"CheckedOut f2 s1:1", "Retrying f2 s1:1", "Succeeded f2 s1:1"}, h.events.texts())
		h.checkSeats(1)
	})
}

func TestAnOutcomeThatMakesNoSenseIsNoAnswer(t *testing.T) {
	for name, change := range map[string]func(*transporttest.Reply){
		"too few":              func(r *transporttest.Reply) { r.Outcomes = nil },
		"of another request":   func(r *transporttest.Reply) { r.Outcomes[0].Request[0]++ },
		"without a lease":      func(r *transporttest.Reply) { r.Outcomes[0].Lease = messages.LeaseID{} },
		"of no known kind":     func(r *transporttest.Reply) { r.Outcomes[0].Result = 77 },
		"of no kind at all":    func(r *transporttest.Reply) { r.Outcomes[0].Result = 0 },
		"without a request id": func(r *transporttest.Reply) { r.Outcomes[0].Request = messages.RequestID{} },
	} {
		change := func(_ transporttest.Call, r *transporttest.Reply) { change(r) }
		t.Run("to a first checkout: "+name, func(t *testing.T) {
			withHarness(t, 2, nil, func(h *harness) {
				h.tamper(transporttest.Checkouts, change)
				assert.Equal(h, "S2", h.checkout().Status().Server.ID)
				h.pass(time.Minute)
				assert.Zero(h, h.server(1).Held("f2"), "what it may have granted is returned")
				h.checkSeats(1)
			})
		})
		t.Run("to a retake: "+name, func(t *testing.T) {
			withHarness(t, 1, nil, func(h *harness) {
				license := h.checkout()
				h.server(1).Forget()
				h.tamper(transporttest.Checkouts, change)
				h.untilEvent("Retrying f2 s1:1")
				assert.Less(h, h.callsDuring(10*time.Minute), 120)
				assert.Equal(h, messages.StateRetaking, license.Status().State)
				h.server(1).Tamper(nil)
				h.untilEvent("Succeeded f2 s1:1")
				h.checkSeats(1)
			})
		})
	}
}

func TestMoreOutcomesThanTakesAreIgnored(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.tamper(transporttest.Checkouts, func(_ transporttest.Call, r *transporttest.Reply) {
			r.Outcomes = append(r.Outcomes, r.Outcomes...)
		})
		h.checkout()
		h.untilHeartbeats(1)
		assert.Len(h, h.wire.Last(transporttest.Heartbeats).Leases, 1)
		h.checkSeats(1)
	})
}

func TestALeaseGrantedTwiceTakesNoThirdSeat(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.checkout()
		first := h.wire.Last(transporttest.Checkouts).Answer.Outcomes[0].Lease
		h.tamper(transporttest.Checkouts, func(_ transporttest.Call, r *transporttest.Reply) { r.Outcomes[0].Lease = first })
		h.checkout()
		assert.Less(h, h.callsDuring(30*time.Minute), 90)
		h.checkSeats(2)
	})
}

func TestAGrantThatTheServerDoesNotKnowEndsWithTheNextBeat(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.server(1).SetSeats("f2", 0)
		h.tamper(transporttest.Checkouts, func(c transporttest.Call, r *transporttest.Reply) {
			r.Outcomes[0] = transport.Outcome{Request: c.Takes[0].Request, Result: transport.Granted, Lease: messages.LeaseID{1, 2, 3}}
		})
		h.checkout()
		assert.Less(h, h.callsDuring(30*time.Minute), 90)
		assert.Greater(h, count[messages.RetryingFeature](&h.events), 20)
		h.server(1).Tamper(nil)
		h.untilEvent("Lost f2 s1:1 NoSeats")
		h.checkSeats(0)
	})
}

func TestAServerThatEndsEveryLeaseAtEveryBeatGetsOneSeat(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		license := h.checkout()
		h.tamper(transporttest.Heartbeats, func(c transporttest.Call, r *transporttest.Reply) {
			for _, id := range c.Leases {
				r.Ended = append(r.Ended, transport.Ended{Lease: id, Reason: messages.Unknown})
			}
		})
		assert.Less(h, h.callsDuring(30*time.Minute), 120)
		assert.NoError(h, license.Err())
		h.checkSeats(1)
	})
}

func TestUnknownReasonsAreRelayed(t *testing.T) {
	const odd = messages.Reason(200)
	withHarness(t, 1, nil, func(h *harness) {
		h.tamper(transporttest.Checkouts, func(_ transporttest.Call, r *transporttest.Reply) {
			r.Outcomes[0] = transport.Outcome{Request: r.Outcomes[0].Request, Result: transport.Refused, Reason: odd}
		})
		_, err := h.rt.Checkout(h.Context(), messages.Checkout{Feature: "f2"})
		var failed *messages.CheckoutError
		require.ErrorAs(h, err, &failed)
		assert.True(h, failed.Has(odd))
		assert.Contains(h, fmt.Sprint(err), "Reason(200)")
	})
}

func TestHintsOutOfBoundsAreBounded(t *testing.T) {
	for name, hint := range map[string]time.Duration{"negative": -time.Hour, "endless": 1<<63 - 1} {
		t.Run(name, func(t *testing.T) {
			withHarness(t, 1, nil, func(h *harness) {
				h.server(1).Tamper(func(c transporttest.Call, r *transporttest.Reply) {
					r.NotBefore = hint
					for i := range r.Outcomes {
						r.Outcomes[i].RetryAfter = hint
					}
				})
				h.checkout()
				calls := h.callsDuring(30 * time.Minute)
				assert.Greater(h, calls, 15)
				assert.Less(h, calls, 40)
				h.checkSeats(1)
			})
		})
	}
}
