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
	for name, ask := range map[string]func(h *harness, license *License){
		"heartbeat": func(h *harness, license *License) { require.NoError(h, license.Heartbeat(h.Context())) },
		"checkout":  func(h *harness, _ *License) { h.checkoutOf(messages.Checkout{Feature: "f3"}) },
		"checkin":   func(h *harness, license *License) { require.NoError(h, license.Checkin(h.Context())) },
	} {
		t.Run("rule 7: to a "+name, func(t *testing.T) {
			withHarness(t, 1, beatingEvery(time.Hour, 5), func(h *harness) {
				license := h.checkout()
				h.checkout()
				was := h.server(1).Identity()
				h.server(1).Restart()
				ask(h, license)
				h.pass(0)
				require.Equal(h, 1, count[messages.ServerRestarted](&h.events))
				assert.Equal(h, messages.ServerRestarted{
					Server: messages.Server{ID: "S1", Address: "s1:1"}, Old: was, New: h.server(1).Identity(),
				}, last[messages.ServerRestarted](&h.events))
			})
		})
	}
}

func TestRule7_ARestartDuringABreakIsRecognisedOnReconnecting(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.checkout()
		h.server(1).Down()
		h.untilLost(1)
		h.server(1).Restart()
		h.untilEvent("Restarted s1:1")
		h.untilEvent("Retrying f2 s1:1")
		h.untilEvent("Resumed f2 s1:1")
	})
}

func TestRule7_SeveralRestartsArePublishedAsOne(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.checkout()
		h.checkout()
		h.server(1).Down()
		h.untilLost(1)
		for range 3 {
			h.server(1).Restart()
		}
		h.pass(10 * time.Minute)
		assert.Equal(h, 1, count[messages.ServerRestarted](&h.events))
		assert.Equal(h, 0, count[messages.ServerReplaced](&h.events))
	})
}

func TestRule7_TwoRestartsInARowAreRepairedAtOnce(t *testing.T) {
	withHarness(t, 1, byHand, func(h *harness) {
		license := h.checkout()
		h.server(1).Restart()
		require.NoError(h, license.Heartbeat(h.Context()))
		h.server(1).Forget()
		require.NoError(h, license.Heartbeat(h.Context()))
		assert.Zero(h, time.Since(h.began))
		assert.Equal(h, 1, h.server(1).Held("f2"))
	})
}

func TestRule7_AnotherServerAtTheAddressIsPublishedAsReplaced(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		license := h.checkout()
		h.untilHeartbeats(1)
		was := h.server(1).Identity()
		h.server(1).Replace()
		h.untilEvent("Succeeded f2 s1:1")
		want := messages.ServerReplaced{
			Server: messages.Server{ID: "S1.2", Address: "s1:1"}, Old: was, New: h.server(1).Identity(),
		}
		assert.Equal(h, want, last[messages.ServerReplaced](&h.events))
		assert.Equal(h, messages.ServerRestarted(want), last[messages.ServerRestarted](&h.events))
		assert.Equal(h, want.Server, license.Status().Server, "the new server is the origin")
		assert.Equal(h, 1, h.server(1).Held("f2"))
	})
}

func TestRule7_AReplacementIsPublishedInOrder(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.checkout()
		h.untilHeartbeats(1)
		h.server(1).Replace()
		h.pass(2 * time.Minute)
		assert.Equal(h, []string{
			"CheckedOut f2 s1:1", "Restarted s1:1", "Replaced s1:1", "Retrying f2 s1:1", "Succeeded f2 s1:1",
		}, h.events.texts())
	})
}

func TestRule7_OldLeasesAreNeverNamedToAReplacement(t *testing.T) {
	for name, change := range map[string]func(*transporttest.Server){
		"another server": (*transporttest.Server).Replace, "a lower epoch": (*transporttest.Server).Rollback,
	} {
		t.Run("rule 7: "+name, func(t *testing.T) {
			withHarness(t, 1, nil, func(h *harness) {
				h.server(1).Restart()
				h.checkout()
				h.untilHeartbeats(1)
				old := h.wire.Last(transporttest.Heartbeats).Leases
				change(h.server(1))
				h.untilHeartbeats(1) // its answer reveals the change
				before := len(h.wire.Calls(transporttest.Heartbeats))
				h.untilHeartbeats(5)
				for _, beat := range h.wire.Calls(transporttest.Heartbeats)[before:] {
					assert.NotContains(h, beat.Leases, old[0])
				}
				assert.Equal(h, 1, h.server(1).Held("f2"))
			})
		})
	}
}

func TestRule7_ALowerEpochIsTheSameServerWithoutItsLeases(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.server(1).Restart()
		license := h.checkout()
		h.untilHeartbeats(1)
		first := h.wire.Last(transporttest.Checkouts).Takes[0]
		h.server(1).Rollback()
		h.pass(2 * time.Minute)
		assert.Equal(h, []string{
			"CheckedOut f2 s1:1", "Restarted s1:1", "Replaced s1:1", "Retrying f2 s1:1", "Succeeded f2 s1:1",
		}, h.events.texts())
		again := h.wire.Last(transporttest.Checkouts).Takes[0]
		assert.Equal(h, []messages.RequestID{first.Request}, again.Replaces, "requests are still named")
		assert.Equal(h, "S1", license.Status().Server.ID)
	})
}

func TestRule7_AnAnswerFromBeforeTheRestartIsDropped(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		license := h.checkout()
		h.server(1).DelayReplies(20*time.Second, transporttest.Heartbeats)
		h.until("a heartbeat in flight", func() bool { return len(h.wire.Calls(transporttest.Heartbeats)) == 1 })
		h.server(1).Restart()
		h.checkout() // its answer reveals the restart
		require.Equal(h, 1, count[messages.ServerRestarted](&h.events))
		h.server(1).ClearFaults()
		h.untilHeartbeats(2)
		h.pass(time.Minute)
		assert.Equal(h, 1, count[messages.ServerRestarted](&h.events))
		assert.Zero(h, count[messages.ServerReplaced](&h.events))
		assert.Equal(h, messages.StateHeld, license.Status().State)
	})
}
