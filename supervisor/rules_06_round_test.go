package supervisor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// secondAddress lists the second server under a second address, too.
func secondAddress(h *harness) {
	h.net.Alias("s2:2", h.server(2))
	h.config.Servers = append(h.config.Servers, "s2:2")
}

func TestRule6_AServerWithTwoAddressesIsAskedOnceInARound(t *testing.T) {
	setup := func(h *harness) {
		attempts(2)(h)
		secondAddress(h)
		h.server(2).SetSeats("f2", 0)
	}
	for name, find := range map[string]func(*harness){
		"the second address is unknown": func(*harness) {},
		"the second address is known": func(h *harness) {
			_, err := h.rt.Checkout(h.Context(), messages.Checkout{Feature: "nothing"})
			require.Error(h, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			withHarness(t, 2, setup, func(h *harness) {
				license := h.checkout()
				find(h)
				asked := h.wire.CountAnswered(transporttest.Checkouts)
				h.server(1).Down()
				h.until("the license is lost", func() bool { return license.Err() != nil })
				assert.Equal(h, 1, count[messages.CheckoutFailed](&h.events))
				assert.Equal(h, asked+1, h.wire.CountAnswered(transporttest.Checkouts))
			})
		})
	}
}

func TestRule21_AServerWithTwoAddressesIsAskedOnceInAFirstCheckout(t *testing.T) {
	setup := func(h *harness) {
		secondAddress(h)
		h.server(1).SetSeats("f2", 0)
		h.server(2).SetSeats("f2", 0)
	}
	withHarness(t, 2, setup, func(h *harness) {
		_, err := h.rt.Checkout(h.Context(), messages.Checkout{Feature: "f2"})
		var refused *messages.CheckoutError
		require.ErrorAs(h, err, &refused)
		assert.Len(h, refused.Answers, 2)
		assert.Equal(h, 2, h.wire.CountAnswered(transporttest.Checkouts))
	})
}

func TestRule21_AServerThatIsSilentAtOneAddressIsAskedAtTheOther(t *testing.T) {
	setup := func(h *harness) {
		secondAddress(h)
		h.server(1).SetSeats("f2", 0)
	}
	withHarness(t, 2, setup, func(h *harness) {
		h.net.Cut("s2:1")
		assert.Equal(h, "S2", h.checkout().Status().Server.ID)
	})
}

func TestRule5_ARoundAsksNobodyElseOnceTheOriginHasAnswered(t *testing.T) {
	withHarness(t, 3, attempts(2), func(h *harness) {
		license, other := h.checkout(), h.checkout()
		h.refuseBeats()
		h.server(2).SetSeats("f2", 0)
		h.server(2).DelayReplies(3*time.Second, transporttest.Checkouts)
		h.untilLost(2)
		h.pass(time.Second)
		require.NoError(h, other.Checkin(h.Context())) // the answer sets the failed count to 0
		h.pass(10 * time.Second)
		assert.Equal(h, 1, count[messages.CheckoutFailed](&h.events), "the answer under way is told")
		assert.Empty(h, h.wire.Calls(transporttest.Checkouts, "s3:1"))
		assert.Equal(h, messages.StateFailingOver, license.Status().State)
		h.server(1).ClearFaults()
		h.untilEvent("Resumed f2 s1:1")
	})
}

func TestRule12_RoundsStartAgainWhenTheOriginAnsweredSomethingInBetween(t *testing.T) {
	withHarness(t, 1, rounds(1, 2), func(h *harness) {
		license, other := h.checkout(), h.checkout()
		h.refuseBeats()
		h.untilLost(1)
		h.pass(time.Second)
		require.NoError(h, other.Checkin(h.Context()))
		h.pass(time.Second)
		h.server(1).Down()
		h.untilLost(1)
		h.pass(10 * time.Second)
		assert.NoError(h, license.Err(), "one round of two has passed")
		h.pass(2 * time.Minute)
		assert.ErrorIs(h, license.Err(), messages.ErrExited)
	})
}

func TestRule18_AFirstCheckoutDoesNotWaitForAHeartbeatThatWasPutOff(t *testing.T) {
	withHarness(t, 1, attempts(5), func(h *harness) {
		h.checkout()
		h.server(1).Down()
		h.untilLost(1)
		beats := h.server(1).Stats().Heartbeats
		h.server(1).Refuse(&transport.Refusal{Reason: messages.Busy, RetryAfter: 95 * time.Second}, transporttest.Heartbeats)
		h.server(1).Up()
		h.until("a heartbeat is refused", func() bool { return h.server(1).Stats().Heartbeats > beats })
		for range 3 {
			_, err := h.rt.Checkout(h.within(10*time.Second), messages.Checkout{Feature: "f2"})
			require.NoError(h, err)
		}
		h.server(1).ClearFaults()
		h.pass(5 * time.Minute)
	})
}
