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

// busy makes a server refuse checkouts for now.
func busy(server *transporttest.Server, reason messages.Reason, retryAfter time.Duration) {
	server.Refuse(&transport.Refusal{Reason: reason, Message: "later", RetryAfter: retryAfter}, transporttest.Checkouts)
}

func TestRule10_AFinalRefusalIsRelayedAndTheLicenseIsLost(t *testing.T) {
	for _, reason := range []messages.Reason{
		messages.NoSuchFeature, messages.NoSeats, messages.VersionTooLow, messages.FeatureExpired, messages.Revoked,
		messages.Denied, messages.Malformed,
	} {
		t.Run("rule 10: "+reason.String(), func(t *testing.T) {
			onStage(t, 1, nil, func(s *stage) {
				license := s.retake(messages.Checkout{Feature: "f2"}, func(server *transporttest.Server) {
					server.Refuse(&transport.Refusal{Reason: reason, Message: "says the server"}, transporttest.Checkouts)
				})
				assert.Equal(s, []string{
					fmt.Sprintf("Failed f2 s1:1 %s", reason), fmt.Sprintf("Lost f2 s1:1 %s", reason),
				}, s.events.texts())
				var lost *messages.LostError
				require.ErrorAs(s, license.Err(), &lost)
				assert.Equal(s, reason, lost.Reason)
				assert.Equal(s, "says the server", lost.Message)
				s.pass(time.Hour)
				assert.Zero(s, count[messages.Exited](&s.events), "never an exit")
			})
		})
	}
}

func TestRule10_ARetakePutOffIsRepeatedAfterThatTime(t *testing.T) {
	for _, reason := range []messages.Reason{messages.Busy, messages.Draining, messages.RateLimited, messages.NoSeats} {
		t.Run("rule 10: "+reason.String(), func(t *testing.T) {
			onStage(t, 1, nil, func(s *stage) {
				license := s.retake(messages.Checkout{Feature: "f2"},
					func(server *transporttest.Server) { busy(server, reason, 20*time.Second) })
				require.Equal(s, messages.StateRetaking, license.Status().State)
				s.pass(50 * time.Second)
				s.server(1).ClearFaults()
				s.untilTold("Succeeded f2 s1:1")
				takes := s.wire.Calls(transporttest.Checkouts)[1:]
				for i := range takes[1:] {
					assert.Equal(s, 20*time.Second, takes[i+1].Sent.Sub(takes[i].Sent))
					assert.Equal(s, takes[0].Takes[0].Request, takes[i+1].Takes[0].Request)
				}
			})
		})
	}
}

func TestRule10_ABusyServerMeansTheNextOneInAFirstCheckout(t *testing.T) {
	onStage(t, 2, nil, func(s *stage) {
		busy(s.server(1), messages.Busy, time.Minute)
		s.checkout()
		assert.Equal(s, []string{"CheckedOut f2 s2:1"}, s.events.texts())
	})
}

func TestRule10_AFirstCheckoutSaysWhatEachServerAnswered(t *testing.T) {
	onStage(t, 3, nil, func(s *stage) {
		busy(s.server(1), messages.Busy, 42*time.Second)
		s.server(2).SetSeats("f2", 0)
		s.server(3).Down()
		_, err := s.rt.Checkout(s.Context(), messages.Checkout{Feature: "f2"})
		var failed *messages.CheckoutError
		require.ErrorAs(s, err, &failed)
		require.Len(s, failed.Answers, 3)
		assert.Equal(s, messages.Answer{
			Server: messages.Server{ID: "S1", Address: "s1:1"}, Reason: messages.Busy, Message: "later", RetryAfter: 42 * time.Second,
		}, failed.Answers[0])
		assert.Equal(s, messages.NoSeats, failed.Answers[1].Reason)
		assert.Equal(s, messages.Unanswered, failed.Answers[2].Reason)
		assert.Contains(s, failed.Answers[2].Message, "unreachable")
		s.server(3).Up()
	})
}

func TestRule10_ABusyServerInASweepIsReachedAndLeftAloneForThatTime(t *testing.T) {
	onStage(t, 2, attempts(1), func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		busy(s.server(2), messages.Busy, 90*time.Second)
		began := s.untilLost(1)
		s.untilTold("Lost(2) s1:1")
		s.untilTold("Lost(3) s1:1")
		s.untilTold("Lost(4) s1:1")
		assert.Equal(s, messages.StateFailingOver, license.Status().State, "reached: no exit")
		takes := s.wire.Calls(transporttest.Checkouts, "s2:1")
		require.GreaterOrEqual(s, len(takes), 2)
		assert.Equal(s, began, takes[0].Sent)
		for i := range takes[1:] {
			assert.GreaterOrEqual(s, takes[i+1].Sent.Sub(takes[i].Sent), 90*time.Second)
		}
		s.server(2).ClearFaults()
		s.untilTold("FailedOver f2 s1:1>s2:1")
		assert.Equal(s, 1, count[messages.RetryingFeature](&s.events), "a server that put it off makes no pair")
	})
}
