package supervisor

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// blackHoles makes all servers swallow every call.
func (s *stage) blackHoles() {
	for _, server := range s.servers {
		server.BlackHole(true)
		s.Cleanup(server.ClearFaults)
	}
}

// connectTimes returns when each address was first connected to, since the test began.
func (s *stage) connectTimes() map[messages.Address]time.Duration {
	times := map[messages.Address]time.Duration{}
	for _, call := range s.wire.Calls(transporttest.Connects) {
		if _, ok := times[call.Address]; !ok {
			times[call.Address] = call.Sent.Sub(s.began)
		}
	}
	return times
}

func TestRule21_AFirstCheckoutAsksTheServersInSearchOrder(t *testing.T) {
	onStage(t, 4, nil, func(s *stage) {
		for _, n := range []int{1, 2} {
			s.server(n).SetSeats("f2", 0)
		}
		s.checkout()
		var asked []messages.Address
		for _, call := range s.wire.Calls(transporttest.Checkouts) {
			asked = append(asked, call.Address)
		}
		assert.Equal(s, []messages.Address{"s1:1", "s2:1", "s3:1"}, asked)
		assert.Zero(s, s.server(4).Stats().Tried)
	})
}

func TestRule21_EachServerGetsTheConnectTimeout(t *testing.T) {
	for configured, each := range map[time.Duration]time.Duration{0: 5 * time.Second, 2 * time.Second: 2 * time.Second} {
		t.Run("rule 21: "+each.String(), func(t *testing.T) {
			onStage(t, 3, func(s *stage) { s.config.ConnectTimeout = configured }, func(s *stage) {
				s.blackHoles()
				_, err := s.rt.Checkout(s.Context(), messages.Checkout{Feature: "f2"})
				assert.Equal(s, 3*each, time.Since(s.began))
				assert.Equal(s, map[messages.Address]time.Duration{"s1:1": 0, "s2:1": each, "s3:1": 2 * each}, s.connectTimes())
				var failed *messages.CheckoutError
				require.ErrorAs(s, err, &failed)
				assert.Len(s, failed.Answers, 3)
			})
		})
	}
}

func TestRule21_TheCallersDeadlineIsSharedEqually(t *testing.T) {
	onStage(t, 3, nil, func(s *stage) {
		s.blackHoles()
		_, err := s.rt.Checkout(s.within(6*time.Second), messages.Checkout{Feature: "f2"})
		require.Error(s, err)
		assert.Equal(s, map[messages.Address]time.Duration{
			"s1:1": 0, "s2:1": 2 * time.Second, "s3:1": 4 * time.Second,
		}, s.connectTimes())
	})
}

func TestRule21_TimeThatAServerDidNotNeedIsLeftToTheOthers(t *testing.T) {
	onStage(t, 3, nil, func(s *stage) {
		s.blackHoles()
		s.server(1).ClearFaults()
		s.server(1).Down()
		_, err := s.rt.Checkout(s.within(6*time.Second), messages.Checkout{Feature: "f2"})
		require.Error(s, err)
		assert.Equal(s, map[messages.Address]time.Duration{"s1:1": 0, "s2:1": 0, "s3:1": 3 * time.Second}, s.connectTimes())
		s.server(1).Up()
	})
}

func TestRule21_AShareIsNeverMoreThanTheConnectTimeout(t *testing.T) {
	onStage(t, 2, nil, func(s *stage) {
		s.blackHoles()
		_, err := s.rt.Checkout(s.within(time.Hour), messages.Checkout{Feature: "f2"})
		require.Error(s, err)
		assert.Equal(s, 10*time.Second, time.Since(s.began))
	})
}

func TestRule21_AServerThatAnswersTheConnectButNotTheTakeGetsNoMoreThanItsShare(t *testing.T) {
	onStage(t, 2, nil, func(s *stage) {
		s.server(1).DelayReplies(3*time.Second, transporttest.Connects)
		s.server(1).BlackHole(true, transporttest.Checkouts)
		s.checkout()
		assert.Equal(s, 5*time.Second, time.Since(s.began))
		s.server(1).ClearFaults()
	})
}

func TestRule21_ACheckoutEndsWithItsContextAndItsCause(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.blackHoles()
		shutdown := errors.New("shutting down")
		ctx, cancel := context.WithCancelCause(s.Context())
		time.AfterFunc(time.Second, func() { cancel(shutdown) })
		_, err := s.rt.Checkout(ctx, messages.Checkout{Feature: "f2"})
		assert.ErrorIs(s, err, shutdown)
		assert.Equal(s, time.Second, time.Since(s.began))
	})
}

func TestRule21_WaitingInOurOwnQueueIsNotSilence(t *testing.T) {
	const crowd = 8 // two calls at a time: the last ones wait longer than the ConnectTimeout
	setup := func(s *stage) {
		s.server(1).SetSeats("f2", 100)
		s.server(1).DelayReplies(4*time.Second, transporttest.Checkouts)
	}
	onStage(t, 2, setup, func(s *stage) {
		results := make(chan error)
		for range crowd {
			go func() {
				_, err := s.rt.Checkout(s.Context(), messages.Checkout{Feature: "f2"})
				results <- err
			}()
			s.pass(10 * time.Millisecond) // one after the other, so that they don't travel in one call
		}
		for range crowd {
			assert.NoError(s, <-results)
		}
		assert.Equal(s, crowd, s.server(1).Held("f2"))
		assert.Zero(s, s.server(2).Stats().Tried)
	})
}
