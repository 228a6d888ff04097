package supervisor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

func TestRule7_ARestartIsRecognisedInAnyReply(t *testing.T) {
	for name, ask := range map[string]func(s *stage, license *License){
		"heartbeat": func(s *stage, license *License) { require.NoError(s, license.Heartbeat(s.Context())) },
		"checkout":  func(s *stage, _ *License) { s.checkoutOf(messages.Checkout{Feature: "f3"}) },
		"checkin":   func(s *stage, license *License) { require.NoError(s, license.Checkin(s.Context())) },
	} {
		t.Run("rule 7: to a "+name, func(t *testing.T) {
			onStage(t, 1, beatingEvery(time.Hour, 5), func(s *stage) {
				license := s.checkout()
				s.checkout()
				was := s.server(1).Identity()
				s.server(1).Restart()
				ask(s, license)
				s.pass(0)
				require.Equal(s, 1, count[messages.ServerRestarted](&s.events))
				assert.Equal(s, messages.ServerRestarted{
					Server: messages.Server{ID: "S1", Address: "s1:1"}, Old: was, New: s.server(1).Identity(),
				}, last[messages.ServerRestarted](&s.events))
			})
		})
	}
}

func TestRule7_ARestartDuringABreakIsRecognisedOnReconnecting(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.checkout()
		s.server(1).Down()
		s.untilLost(1)
		s.server(1).Restart()
		s.untilTold("Restarted s1:1")
		s.untilTold("Retrying f2 s1:1")
		s.untilTold("Resumed f2 s1:1")
	})
}

func TestRule7_SeveralRestartsAreToldAsOne(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.checkout()
		s.checkout()
		s.server(1).Down()
		s.untilLost(1)
		for range 3 {
			s.server(1).Restart()
		}
		s.pass(10 * time.Minute)
		assert.Equal(s, 1, count[messages.ServerRestarted](&s.events))
		assert.Equal(s, 0, count[messages.ServerReplaced](&s.events))
	})
}

func TestRule7_TwoRestartsInARowAreRepairedAtOnce(t *testing.T) {
	onStage(t, 1, byHand, func(s *stage) {
		license := s.checkout()
		s.server(1).Restart()
		require.NoError(s, license.Heartbeat(s.Context()))
		s.server(1).Forget()
		require.NoError(s, license.Heartbeat(s.Context()))
		assert.Zero(s, time.Since(s.began))
		assert.Equal(s, 1, s.server(1).Held("f2"))
	})
}

func TestRule7_AnotherServerAtTheAddressIsToldAsReplaced(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		license := s.checkout()
		s.untilBeaten(1)
		was := s.server(1).Identity()
		s.server(1).Replace()
		s.untilTold("Succeeded f2 s1:1")
		want := messages.ServerReplaced{
			Server: messages.Server{ID: "S1.2", Address: "s1:1"}, Old: was, New: s.server(1).Identity(),
		}
		assert.Equal(s, want, last[messages.ServerReplaced](&s.events))
		assert.Equal(s, messages.ServerRestarted(want), last[messages.ServerRestarted](&s.events))
		assert.Equal(s, want.Server, license.Status().Server, "the new server is the origin")
		assert.Equal(s, 1, s.server(1).Held("f2"))
	})
}

func TestRule7_AReplacementIsToldInOrder(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.checkout()
		s.untilBeaten(1)
		s.server(1).Replace()
		s.pass(2 * time.Minute)
		assert.Equal(s, []string{
			"CheckedOut f2 s1:1", "Restarted s1:1", "Replaced s1:1", "Retrying f2 s1:1", "Succeeded f2 s1:1",
		}, s.events.texts())
	})
}

func TestRule7_OldLeasesAreNeverNamedToAReplacement(t *testing.T) {
	for name, change := range map[string]func(*transporttest.Server){
		"another server": (*transporttest.Server).Replace, "a lower epoch": (*transporttest.Server).Rollback,
	} {
		t.Run("rule 7: "+name, func(t *testing.T) {
			onStage(t, 1, nil, func(s *stage) {
				s.server(1).Restart()
				s.checkout()
				s.untilBeaten(1)
				old := s.wire.Last(transporttest.Heartbeats).Leases
				change(s.server(1))
				s.untilBeaten(1) // which tells of it
				told := len(s.wire.Calls(transporttest.Heartbeats))
				s.untilBeaten(5)
				for _, beat := range s.wire.Calls(transporttest.Heartbeats)[told:] {
					assert.NotContains(s, beat.Leases, old[0])
				}
				assert.Equal(s, 1, s.server(1).Held("f2"))
			})
		})
	}
}

func TestRule7_ALowerEpochIsTheSameServerWithoutItsLeases(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.server(1).Restart()
		license := s.checkout()
		s.untilBeaten(1)
		first := s.wire.Last(transporttest.Checkouts).Takes[0]
		s.server(1).Rollback()
		s.pass(2 * time.Minute)
		assert.Equal(s, []string{
			"CheckedOut f2 s1:1", "Restarted s1:1", "Replaced s1:1", "Retrying f2 s1:1", "Succeeded f2 s1:1",
		}, s.events.texts())
		again := s.wire.Last(transporttest.Checkouts).Takes[0]
		assert.Equal(s, []messages.RequestID{first.Request}, again.Replaces, "requests are still named")
		assert.Equal(s, "S1", license.Status().Server.ID)
	})
}

func TestRule7_AnAnswerFromAnOlderLifeIsDropped(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		license := s.checkout()
		s.server(1).DelayReplies(20*time.Second, transporttest.Heartbeats)
		s.until("a beat under way", func() bool { return len(s.wire.Calls(transporttest.Heartbeats)) == 1 })
		s.server(1).Restart()
		s.checkout() // which learns of the restart
		require.Equal(s, 1, count[messages.ServerRestarted](&s.events))
		s.server(1).ClearFaults()
		s.untilBeaten(2)
		s.pass(time.Minute)
		assert.Equal(s, 1, count[messages.ServerRestarted](&s.events))
		assert.Zero(s, count[messages.ServerReplaced](&s.events))
		assert.Equal(s, messages.StateHeld, license.Status().State)
	})
}
