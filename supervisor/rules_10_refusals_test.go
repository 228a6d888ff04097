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

// busy makes a server refuse checkouts with a retry-after.
func busy(server *transporttest.Server, reason messages.Reason, retryAfter time.Duration) {
	server.Refuse(&transport.Refusal{Reason: reason, Message: "later", RetryAfter: retryAfter}, transporttest.Checkouts)
}

func TestRule10_AFinalRefusalIsRelayedAndTheLicenseIsLost(t *testing.T) {
	for _, reason := range []messages.Reason{
		messages.NoSuchFeature, messages.NoSeats, messages.VersionTooLow, messages.FeatureExpired, messages.Revoked,
		messages.Denied, messages.Malformed,
	} {
		t.Run("rule 10: "+reason.String(), func(t *testing.T) {
			withHarness(t, 1, nil, func(h *harness) {
				license := h.retake(messages.Checkout{Feature: "f2"}, func(server *transporttest.Server) {
					server.Refuse(&transport.Refusal{Reason: reason, Message: "says the server"}, transporttest.Checkouts)
				})
				assert.Equal(h, []string{
					fmt.Sprintf("Failed f2 s1:1 %s", reason), fmt.Sprintf("Lost f2 s1:1 %s", reason),
				}, h.events.texts())
				var lost *messages.LostError
				require.ErrorAs(h, license.Err(), &lost)
				assert.Equal(h, reason, lost.Reason)
				assert.Equal(h, "says the server", lost.Message)
				h.pass(time.Hour)
				assert.Zero(h, count[messages.Exited](&h.events), "never an exit")
			})
		})
	}
}

func TestRule10_ARetakeWithARetryAfterIsRepeatedAfterThatTime(t *testing.T) {
	for _, reason := range []messages.Reason{messages.Busy, messages.Draining, messages.RateLimited, messages.NoSeats} {
		t.Run("rule 10: "+reason.String(), func(t *testing.T) {
			withHarness(t, 1, nil, func(h *harness) {
				license := h.retake(messages.Checkout{Feature: "f2"},
					func(server *transporttest.Server) { busy(server, reason, 20*time.Second) })
				require.Equal(h, messages.StateRetaking, license.Status().State)
				h.pass(50 * time.Second)
				h.server(1).ClearFaults()
				h.untilEvent("Succeeded f2 s1:1")
				takes := h.wire.Calls(transporttest.Checkouts)[1:]
				for i := range takes[1:] {
					assert.Equal(h, 20*time.Second, takes[i+1].Sent.Sub(takes[i].Sent))
					assert.Equal(h, takes[0].Takes[0].Request, takes[i+1].Takes[0].Request)
				}
			})
		})
	}
}

func TestRule10_ABusyServerMeansTheNextOneInAFirstCheckout(t *testing.T) {
	withHarness(t, 2, nil, func(h *harness) {
		busy(h.server(1), messages.Busy, time.Minute)
		h.checkout()
		assert.Equal(h, []string{"CheckedOut f2 s2:1"}, h.events.texts())
	})
}

func TestRule10_AFirstCheckoutSaysWhatEachServerAnswered(t *testing.T) {
	withHarness(t, 3, nil, func(h *harness) {
		busy(h.server(1), messages.Busy, 42*time.Second)
		h.server(2).SetSeats("f2", 0)
		h.server(3).Down()
		_, err := h.rt.Checkout(h.Context(), messages.Checkout{Feature: "f2"})
		var failed *messages.CheckoutError
		require.ErrorAs(h, err, &failed)
		require.Len(h, failed.Answers, 3)
		assert.Equal(h, messages.Answer{
			Server: messages.Server{ID: "S1", Address: "s1:1"}, Reason: messages.Busy, Message: "later", RetryAfter: 42 * time.Second,
		}, failed.Answers[0])
		assert.Equal(h, messages.NoSeats, failed.Answers[1].Reason)
		assert.Equal(h, messages.Unanswered, failed.Answers[2].Reason)
		assert.Contains(h, failed.Answers[2].Message, "unreachable")
		h.server(3).Up()
	})
}

func TestRule10_ABusyServerInARoundIsReachedAndLeftAloneForThatTime(t *testing.T) {
	withHarness(t, 2, attempts(1), func(h *harness) {
		license := h.checkout()
		h.server(1).Down()
		busy(h.server(2), messages.Busy, 90*time.Second)
		began := h.untilLost(1)
		h.untilEvent("Lost(2) s1:1")
		h.untilEvent("Lost(3) s1:1")
		h.untilEvent("Lost(4) s1:1")
		assert.Equal(h, messages.StateFailingOver, license.Status().State, "reached: no exit")
		takes := h.wire.Calls(transporttest.Checkouts, "s2:1")
		require.GreaterOrEqual(h, len(takes), 2)
		assert.Equal(h, began, takes[0].Sent)
		for i := range takes[1:] {
			assert.GreaterOrEqual(h, takes[i+1].Sent.Sub(takes[i].Sent), 90*time.Second)
		}
		h.server(2).ClearFaults()
		h.untilEvent("FailedOver f2 s1:1>s2:1")
		assert.Equal(h, 1, count[messages.RetryingFeature](&h.events), "a server that put it off makes no pair")
	})
}
