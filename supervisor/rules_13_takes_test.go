package supervisor

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

func TestRule13_AGrantWhoseReplyIsLostIsReturnedWhenTheNextServerGrants(t *testing.T) {
	withHarness(t, 2, nil, func(h *harness) {
		h.server(1).DropReplies(1, transporttest.Checkouts)
		h.checkout()
		h.pass(10 * time.Second)
		assert.Equal(h, []string{"CheckedOut f2 s2:1"}, h.events.texts())
		assert.Zero(h, h.server(1).Held("f2"))
		assert.Equal(h, 1, h.server(2).Held("f2"))
	})
}

func TestRule13_ARequestThatArrivesAfterItsCancelTakesNoSeat(t *testing.T) {
	withHarness(t, 2, nil, func(h *harness) {
		h.server(1).Delay(20*time.Second, transporttest.Checkouts)
		h.checkout()
		h.pass(10 * time.Second)
		require.Positive(h, h.server(1).Stats().Returns, "cancelled")
		require.Zero(h, h.server(1).Stats().Checkouts, "still on its way")
		h.pass(time.Minute)
		assert.Zero(h, h.server(1).Held("f2"))
	})
}

func TestRule13_ACancelIsRepeatedUntilItIsAnswered(t *testing.T) {
	for name, disturb := range map[string]func(*transporttest.Server){
		"no reply": func(server *transporttest.Server) { server.BlackHole(true, transporttest.Checkins) },
		"busy": func(server *transporttest.Server) {
			server.Refuse(&transport.Refusal{Reason: messages.Busy, RetryAfter: 2 * time.Second}, transporttest.Checkins)
		},
		"the server is down": (*transporttest.Server).Down,
	} {
		t.Run("rule 13: "+name, func(t *testing.T) {
			withHarness(t, 2, nil, func(h *harness) {
				h.server(1).DropReplies(1, transporttest.Checkouts)
				h.server(1).Tamper(func(c transporttest.Call, _ *transporttest.Reply) {
					if c.Kind == transporttest.Checkouts {
						disturb(h.server(1))
					}
				})
				h.checkout()
				require.Equal(h, 1, h.server(1).Held("f2"), "s1:1 granted it too")
				h.pass(2 * time.Minute)
				h.server(1).Tamper(nil)
				h.server(1).ClearFaults()
				h.server(1).Up()
				h.pass(time.Minute)
				assert.Zero(h, h.server(1).Held("f2"))
			})
		})
	}
}

func TestRule13_ACancelledCheckoutLeavesNoSeatBehind(t *testing.T) {
	impatient := errors.New("impatient")
	for name, disturb := range map[string]func(*transporttest.Server){
		"while the request is in flight": func(server *transporttest.Server) { server.Delay(3*time.Second, transporttest.Checkouts) },
		"while the reply is in flight": func(server *transporttest.Server) {
			server.DelayReplies(3*time.Second, transporttest.Checkouts)
		},
		"while it connects":   func(server *transporttest.Server) { server.DelayReplies(3*time.Second, transporttest.Connects) },
		"when it is all over": func(server *transporttest.Server) { server.DelayReplies(time.Second, transporttest.Checkouts) },
	} {
		t.Run("rule 13: "+name, func(t *testing.T) {
			withHarness(t, 2, nil, func(h *harness) {
				disturb(h.server(1))
				ctx, cancel := context.WithCancelCause(h.Context())
				time.AfterFunc(time.Second, func() { cancel(impatient) })
				license, err := h.rt.Checkout(ctx, messages.Checkout{Feature: "f2"})
				if err == nil {
					require.NoError(h, license.Checkin(h.Context()))
				} else {
					assert.ErrorIs(h, err, impatient)
				}
				h.pass(10 * time.Second)
				assert.Zero(h, h.server(1).Held("f2"))
				assert.Zero(h, h.server(2).Held("f2"))
				assert.Empty(h, h.rt.Status().Features)
			})
		})
	}
}

func TestRule13_ARetakeWhoseReplyIsLostIsRepeatedAndGetsTheSameGrant(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.checkout()
		h.untilHeartbeats(1)
		h.server(1).Forget()
		h.server(1).DropReplies(3, transporttest.Checkouts)
		h.untilEvent("Retrying f2 s1:1")
		h.untilEvent("Succeeded f2 s1:1")
		takes := h.wire.Calls(transporttest.Checkouts)[1:]
		require.Len(h, takes, 4)
		for _, call := range takes {
			assert.Equal(h, takes[0].Takes[0].Request, call.Takes[0].Request)
		}
		assert.Equal(h, 1, h.mostHeld("s1:1"))
	})
}

// endBeforeTheRepeat ends the lease of a retake, with the reason, just before the repeat of its request arrives.
func (h *harness) endBeforeTheRepeat(reason messages.Reason) *License {
	h.Helper()
	license := h.checkout()
	h.untilHeartbeats(1)
	h.server(1).Forget()
	h.server(1).DropReplies(1, transporttest.Checkouts)
	h.server(1).OnCall(func(c transporttest.Call) {
		if leases := h.server(1).Leases(); c.Kind == transporttest.Checkouts && len(leases) == 1 {
			h.server(1).OnCall(nil)
			h.server(1).End(leases[0].ID, reason)
		}
	})
	h.untilEvent("Retrying f2 s1:1")
	return license
}

func TestRule13_ARepeatWhoseGrantHasEndedIsTakenAgainInTheSamePair(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.endBeforeTheRepeat(messages.Expired)
		h.until("granted", func() bool { return count[messages.CheckoutSucceeded](&h.events) == 1 })
		assert.Equal(h, []string{"Succeeded f2 s1:1"}, h.events.texts())
		takes := h.wire.Calls(transporttest.Checkouts)
		ended, anew := takes[len(takes)-2].Takes[0], takes[len(takes)-1].Takes[0]
		assert.NotEqual(h, ended.Request, anew.Request)
		assert.Contains(h, anew.Replaces, ended.Request)
		assert.Equal(h, 1, h.server(1).Held("f2"))
	})
}

func TestRule13_ARepeatWhoseGrantWasRevokedIsFinal(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		license := h.endBeforeTheRepeat(messages.Revoked)
		<-license.Done()
		h.pass(0)
		assert.Equal(h, []string{"Failed f2 s1:1 Revoked", "Lost f2 s1:1 Revoked"}, h.events.texts())
	})
}

func TestRule13_RepeatedMessagesNeitherDoubleNorLeakASeat(t *testing.T) {
	for name, later := range map[string]time.Duration{"at once": 0, "later": 3 * time.Second, "after the checkin": 30 * time.Second} {
		t.Run("rule 13: "+name, func(t *testing.T) {
			withHarness(t, 1, nil, func(h *harness) {
				h.server(1).Duplicate(1000, later)
				license := h.checkout()
				h.pass(10 * time.Second)
				assert.Equal(h, 1, h.server(1).Held("f2"))
				require.NoError(h, license.Checkin(h.Context()))
				h.pass(time.Minute)
				assert.Zero(h, h.server(1).Held("f2"))
			})
		})
	}
}
