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
	onStage(t, 2, nil, func(s *stage) {
		s.server(1).DropReplies(1, transporttest.Checkouts)
		s.checkout()
		s.pass(10 * time.Second)
		assert.Equal(s, []string{"CheckedOut f2 s2:1"}, s.events.texts())
		assert.Zero(s, s.server(1).Held("f2"))
		assert.Equal(s, 1, s.server(2).Held("f2"))
	})
}

func TestRule13_ARequestThatArrivesAfterItsCancelTakesNoSeat(t *testing.T) {
	onStage(t, 2, nil, func(s *stage) {
		s.server(1).Delay(20*time.Second, transporttest.Checkouts)
		s.checkout()
		s.pass(10 * time.Second)
		require.Positive(s, s.server(1).Stats().Returns, "cancelled")
		require.Zero(s, s.server(1).Stats().Checkouts, "still on its way")
		s.pass(time.Minute)
		assert.Zero(s, s.server(1).Held("f2"))
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
			onStage(t, 2, nil, func(s *stage) {
				s.server(1).DropReplies(1, transporttest.Checkouts)
				s.server(1).Tamper(func(c transporttest.Call, _ *transporttest.Reply) {
					if c.Kind == transporttest.Checkouts {
						disturb(s.server(1))
					}
				})
				s.checkout()
				require.Equal(s, 1, s.server(1).Held("f2"), "s1:1 granted it, too")
				s.pass(2 * time.Minute)
				s.server(1).Tamper(nil)
				s.server(1).ClearFaults()
				s.server(1).Up()
				s.pass(time.Minute)
				assert.Zero(s, s.server(1).Held("f2"))
			})
		})
	}
}

func TestRule13_ACancelledCheckoutLeavesNoSeatBehind(t *testing.T) {
	impatient := errors.New("impatient")
	for name, disturb := range map[string]func(*transporttest.Server){
		"while the request is under way": func(server *transporttest.Server) { server.Delay(3*time.Second, transporttest.Checkouts) },
		"while the reply is under way": func(server *transporttest.Server) {
			server.DelayReplies(3*time.Second, transporttest.Checkouts)
		},
		"while it connects":   func(server *transporttest.Server) { server.DelayReplies(3*time.Second, transporttest.Connects) },
		"when it is all over": func(server *transporttest.Server) { server.DelayReplies(time.Second, transporttest.Checkouts) },
	} {
		t.Run("rule 13: "+name, func(t *testing.T) {
			onStage(t, 2, nil, func(s *stage) {
				disturb(s.server(1))
				ctx, cancel := context.WithCancelCause(s.Context())
				time.AfterFunc(time.Second, func() { cancel(impatient) })
				license, err := s.rt.Checkout(ctx, messages.Checkout{Feature: "f2"})
				if err == nil {
					require.NoError(s, license.Checkin(s.Context()))
				} else {
					assert.ErrorIs(s, err, impatient)
				}
				s.pass(10 * time.Second)
				assert.Zero(s, s.server(1).Held("f2"))
				assert.Zero(s, s.server(2).Held("f2"))
				assert.Empty(s, s.rt.Status().Features)
			})
		})
	}
}

func TestRule13_ARetakeWhoseReplyIsLostIsRepeatedAndGetsTheSameGrant(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.checkout()
		s.untilBeaten(1)
		s.server(1).Forget()
		s.server(1).DropReplies(3, transporttest.Checkouts)
		s.untilTold("Retrying f2 s1:1")
		s.untilTold("Succeeded f2 s1:1")
		takes := s.wire.Calls(transporttest.Checkouts)[1:]
		require.Len(s, takes, 4)
		for _, call := range takes {
			assert.Equal(s, takes[0].Takes[0].Request, call.Takes[0].Request)
		}
		assert.Equal(s, 1, s.mostHeld("s1:1"))
	})
}

// endBeforeTheRepeat ends what the retake got, with the reason, just before its repeat arrives.
func (s *stage) endBeforeTheRepeat(reason messages.Reason) *License {
	s.Helper()
	license := s.checkout()
	s.untilBeaten(1)
	s.server(1).Forget()
	s.server(1).DropReplies(1, transporttest.Checkouts)
	s.server(1).OnCall(func(c transporttest.Call) {
		if leases := s.server(1).Leases(); c.Kind == transporttest.Checkouts && len(leases) == 1 {
			s.server(1).OnCall(nil)
			s.server(1).End(leases[0].ID, reason)
		}
	})
	s.untilTold("Retrying f2 s1:1")
	return license
}

func TestRule13_ARepeatWhoseGrantHasEndedIsTakenAnewInTheSamePair(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.endBeforeTheRepeat(messages.Expired)
		s.until("granted", func() bool { return count[messages.CheckoutSucceeded](&s.events) == 1 })
		assert.Equal(s, []string{"Succeeded f2 s1:1"}, s.events.texts())
		takes := s.wire.Calls(transporttest.Checkouts)
		ended, anew := takes[len(takes)-2].Takes[0], takes[len(takes)-1].Takes[0]
		assert.NotEqual(s, ended.Request, anew.Request)
		assert.Contains(s, anew.Replaces, ended.Request)
		assert.Equal(s, 1, s.server(1).Held("f2"))
	})
}

func TestRule13_ARepeatWhoseGrantWasRevokedIsFinal(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		license := s.endBeforeTheRepeat(messages.Revoked)
		<-license.Done()
		s.pass(0)
		assert.Equal(s, []string{"Failed f2 s1:1 Revoked", "Lost f2 s1:1 Revoked"}, s.events.texts())
	})
}

func TestRule13_RepeatedMessagesNeitherDoubleNorLeakASeat(t *testing.T) {
	for name, later := range map[string]time.Duration{"at once": 0, "later": 3 * time.Second, "after the checkin": 30 * time.Second} {
		t.Run("rule 13: "+name, func(t *testing.T) {
			onStage(t, 1, nil, func(s *stage) {
				s.server(1).Duplicate(1000, later)
				license := s.checkout()
				s.pass(10 * time.Second)
				assert.Equal(s, 1, s.server(1).Held("f2"))
				require.NoError(s, license.Checkin(s.Context()))
				s.pass(time.Minute)
				assert.Zero(s, s.server(1).Held("f2"))
			})
		})
	}
}
