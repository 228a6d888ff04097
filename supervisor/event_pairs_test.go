package supervisor

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// inAnOpenPair brings a license into state Retaking, in which a pair of events is open.
func inAnOpenPair(h *harness) *License {
	license := h.retake(messages.Checkout{Feature: "f2"},
		func(server *transporttest.Server) { busy(server, messages.Busy, time.Minute) })
	require.Equal(h, messages.StateRetaking, license.Status().State)
	return license
}

func TestEvents_WhateverEndsAnOpenPairClosesIt(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(*harness, *License)
		told []string
	}{
		"granted":    {func(h *harness, _ *License) { h.server(1).ClearFaults() }, []string{"Succeeded f2 s1:1"}},
		"refused":    {func(h *harness, _ *License) { h.server(1).ClearFaults(); h.server(1).SetSeats("f2", 0) }, []string{"Failed f2 s1:1 NoSeats", "Lost f2 s1:1 NoSeats"}},
		"checked in": {func(h *harness, l *License) { _ = l.Checkin(h.Context()) }, []string{"Failed f2 s1:1 Ended", "CheckedIn f2 s1:1"}},
		"closed":     {func(h *harness, _ *License) { h.close() }, []string{"Failed f2 s1:1 Ended", "CheckedIn f2 s1:1"}},
		"timed out":  {func(*harness, *License) {}, []string{"Failed f2 s1:1 Ended", "Lost f2 s1:1 TimedOut"}},
		"server silent": {func(h *harness, _ *License) { h.server(1).Down() },
			[]string{"Lost(1) s1:1", "Lost(2) s1:1", "Failed f2 s1:1 Unanswered", "Exited f2 s1:1 GaveUp", "Exited 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			setup := func(h *harness) {
				attempts(2)(h)
				h.config.EnforceTimeout = name == "timed out"
			}
			withHarness(t, 1, setup, func(h *harness) {
				license := inAnOpenPair(h)
				c.end(h, license)
				h.pass(6 * time.Minute)
				assert.Equal(h, c.told, h.events.texts())
			})
		})
	}
}

func TestEvents_EachAnswerOfARoundIsAPairAndSilenceIsNone(t *testing.T) {
	withHarness(t, 4, attempts(1), func(h *harness) {
		license := h.checkout()
		h.server(2).SetSeats("f2", 0)
		h.server(3).Down()
		h.server(4).SetVersion("f2", messages.V(0, 9))
		h.server(1).Down()
		<-license.Done()
		h.pass(0)
		assert.Equal(h, []string{
			"CheckedOut f2 s1:1", "Lost(1) s1:1",
			"Retrying f2 s2:1", "Failed f2 s2:1 NoSeats", "Retrying f2 s4:1", "Failed f2 s4:1 VersionTooLow",
			"Lost f2 s4:1 VersionTooLow",
		}, h.events.texts())
	})
}

func TestEvents_AFeatureThatIsRestartedClosesItsOpenPairFirst(t *testing.T) {
	for name, c := range map[string]struct {
		then func(*harness)
		told []string
	}{
		"by the grant": {
			func(h *harness) { h.server(1).ClearFaults() },
			[]string{"Failed f2 s1:1 Ended", "FeatureRestarted"},
		},
		"and a take that goes on is a new pair": {
			func(h *harness) {
				h.server(1).Down()
				h.until("a failed beat", func() bool { return count[messages.ConnectionLost](&h.events) == 1 })
				h.server(1).Up()
				h.server(1).ClearFaults()
			},
			[]string{"Lost(1) s1:1", "Failed f2 s1:1 Ended", "FeatureRestarted", "Retrying f2 s1:1", "Succeeded f2 s1:1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var armed atomic.Bool
			setup := func(h *harness) {
				h.config.fault = func(_, who string, _ any) {
					if who == "feature" && armed.CompareAndSwap(true, false) {
						panic("a defect")
					}
				}
			}
			withHarness(t, 1, setup, func(h *harness) {
				license := inAnOpenPair(h)
				armed.Store(true)
				c.then(h)
				h.until("granted", func() bool { return license.Status().State == messages.StateHeld })
				h.pass(0)
				assert.Equal(h, c.told, h.events.texts())
				assert.Equal(h, 1, h.mostHeld("s1:1"))
			})
		})
	}
}
