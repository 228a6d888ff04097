package supervisor

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// With Attempts 5, five beats in a row fail, then exit.
func TestRule11_WithFiveAttemptsFiveBeatsFailThenExit(t *testing.T) {
	onStage(t, 1, attempts(5), func(s *stage) {
		license := s.checkout()
		s.untilBeaten(1)
		s.events.take()
		s.server(1).Down()
		<-license.Done()
		s.pass(time.Second)
		assert.Equal(s, []string{
			"Lost(1) s1:1", "Lost(2) s1:1", "Lost(3) s1:1", "Lost(4) s1:1", "Lost(5) s1:1", "Exited f2 s1:1 GaveUp", "Exited 1",
		}, slices.DeleteFunc(s.events.texts(), func(e string) bool { return e == "AtRisk s1:1" }))
		assert.Equal(s, messages.StateExited, license.Status().State)
		s.pass(time.Hour)
		assert.Empty(s, s.events.texts())
	})
}

func TestRule11_ExitedNamesServersFailedCountCauseAndFeatures(t *testing.T) {
	onStage(t, 2, attempts(3), func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		s.server(2).Down()
		s.untilTold("Exited 1")
		e := last[messages.Exited](&s.events)
		assert.Equal(s, []messages.Address{"s1:1", "s2:1"}, e.Servers)
		assert.Equal(s, 3, e.Failed)
		assert.Contains(s, e.Cause, "unreachable")
		assert.Equal(s, []string{"f2"}, e.Names)
		var exited *messages.ExitedError
		require.ErrorAs(s, license.Err(), &exited)
		assert.Equal(s, messages.ExitedError{Servers: e.Servers, Failed: 3, Cause: e.Cause}, *exited)
		assert.ErrorIs(s, license.Err(), messages.ErrExited)
	})
}

func TestRule11_FeaturesThatGiveUpTogetherMakeOneExit(t *testing.T) {
	const features = 25
	setup := func(s *stage) {
		attempts(2)(s)
		for i := range features {
			s.server(1).SetSeats(fmt.Sprintf("g%02d", i), 1)
		}
	}
	onStage(t, 1, setup, func(s *stage) {
		for i := range features {
			s.checkoutOf(messages.Checkout{Feature: fmt.Sprintf("g%02d", i)})
		}
		s.server(1).Down()
		s.untilTold("Exited 25")
		e := last[messages.Exited](&s.events)
		assert.Equal(s, features, e.Features)
		require.Len(s, e.Names, messages.MaxExitedNames)
		assert.Equal(s, features, count[messages.LicenseLost](&s.events), "each is told by itself, too")
		assert.Equal(s, 1, count[messages.Exited](&s.events))
	})
}

func TestRule11_EachConnectionTellsOfItsOwnExit(t *testing.T) {
	setup := func(s *stage) {
		attempts(2)(s)
		s.server(1).SetSeats("f3", 0)
	}
	onStage(t, 2, setup, func(s *stage) {
		for range 3 {
			s.checkout()
			s.checkoutOf(messages.Checkout{Feature: "f3"})
		}
		s.checkout()
		s.server(1).Down()
		s.server(2).Down()
		s.until("two exits", func() bool { return count[messages.Exited](&s.events) == 2 })
		all := map[string]int{}
		for _, e := range s.events.all() {
			if exited, ok := e.event.(messages.Exited); ok {
				all[exited.Names[0]] = exited.Features
			}
		}
		assert.Equal(s, map[string]int{"f2": 4, "f3": 3}, all)
	})
}

func TestRule11_OnExitIsCalledOnceAndLaterExitsAreOnlyPublished(t *testing.T) {
	var calls []messages.Exited
	setup := func(s *stage) {
		attempts(1)(s)
		s.config.Callbacks.OnExit = func(e messages.Exited) { calls = append(calls, e) }
	}
	onStage(t, 1, setup, func(s *stage) {
		for range 3 {
			s.server(1).Up()
			s.checkout()
			s.server(1).Down()
			s.untilTold("Exited 1")
		}
		assert.Len(s, calls, 1)
		assert.Equal(s, 3, count[messages.Exited](&s.events))
	})
}

func TestRule11_AServerThatAnsweredAnythingIsReached(t *testing.T) {
	for name, answers := range map[string]func(*transporttest.Server){
		"a connect, with a refusal that says later": func(server *transporttest.Server) {
			server.Refuse(&transport.Refusal{Reason: messages.Draining, RetryAfter: time.Second}, transporttest.Connects)
		},
		"a checkout, with a refusal that says later": func(server *transporttest.Server) {
			busy(server, messages.Busy, time.Second)
		},
	} {
		t.Run("rule 11: "+name, func(t *testing.T) {
			onStage(t, 2, attempts(2), func(s *stage) {
				license := s.checkout()
				s.server(1).Down()
				answers(s.server(2))
				s.untilLost(2)
				s.pass(20 * time.Minute)
				assert.Equal(s, messages.StateFailingOver, license.Status().State)
				assert.Zero(s, count[messages.Exited](&s.events))
				s.server(2).Down()
				<-license.Done()
				assert.ErrorIs(s, license.Err(), messages.ErrExited)
			})
		})
	}
}

func TestRule11_AServerThatLetUsConnectDuringTheSweepIsReached(t *testing.T) {
	onStage(t, 2, attempts(2), func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		s.server(2).BlackHole(true, transporttest.Checkouts, transporttest.Heartbeats, transporttest.Checkins)
		s.untilLost(2)
		s.pass(20 * time.Second)
		assert.Equal(s, messages.StateFailingOver, license.Status().State)
		s.server(2).ClearFaults()
		s.untilTold("FailedOver f2 s1:1>s2:1")
		assert.Equal(s, 1, s.mostHeld("s2:1"))
	})
}

func TestRule11_AFinalRefusalIsNoExit(t *testing.T) {
	onStage(t, 2, attempts(2), func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		s.server(2).SetSeats("f2", 0)
		<-license.Done()
		assert.ErrorIs(s, license.Err(), messages.ErrLost)
		s.pass(time.Hour)
		assert.Zero(s, count[messages.Exited](&s.events))
	})
}

func TestRule11_TheApplicationMayCheckOutAnewAfterAnExit(t *testing.T) {
	onStage(t, 1, attempts(1), func(s *stage) {
		license := s.checkout()
		s.server(1).Down()
		<-license.Done()
		s.server(1).Up()
		s.checkout()
		s.untilBeaten(1)
		assert.Equal(s, 1, s.server(1).Held("f2"), "the old seat was returned")
	})
}
