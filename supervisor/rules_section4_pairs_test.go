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

// inAnOpenPair brings a license into Retaking, whose pair of events is open.
func inAnOpenPair(s *stage) *License {
	license := s.retake(messages.Checkout{Feature: "f2"},
		func(server *transporttest.Server) { busy(server, messages.Busy, time.Minute) })
	require.Equal(s, messages.StateRetaking, license.Status().State)
	return license
}

func TestSection4_WhateverEndsAnOpenPairClosesIt(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(*stage, *License)
		told []string
	}{
		"granted":    {func(s *stage, _ *License) { s.server(1).ClearFaults() }, []string{"Succeeded f2 s1:1"}},
		"refused":    {func(s *stage, _ *License) { s.server(1).ClearFaults(); s.server(1).SetSeats("f2", 0) }, []string{"Failed f2 s1:1 NoSeats", "Lost f2 s1:1 NoSeats"}},
		"checked in": {func(s *stage, l *License) { _ = l.Checkin(s.Context()) }, []string{"Failed f2 s1:1 Ended", "CheckedIn f2 s1:1"}},
		"closed":     {func(s *stage, _ *License) { s.close() }, []string{"Failed f2 s1:1 Ended", "CheckedIn f2 s1:1"}},
		"timed out":  {func(*stage, *License) {}, []string{"Failed f2 s1:1 Ended", "Lost f2 s1:1 TimedOut"}},
		"server silent": {func(s *stage, _ *License) { s.server(1).Down() },
			[]string{"Lost(1) s1:1", "Lost(2) s1:1", "Failed f2 s1:1 Unanswered", "Exited f2 s1:1 GaveUp", "Exited 1"}},
	} {
		t.Run("section 4: "+name, func(t *testing.T) {
			setup := func(s *stage) {
				attempts(2)(s)
				s.config.EnforceTimeout = name == "timed out"
			}
			onStage(t, 1, setup, func(s *stage) {
				license := inAnOpenPair(s)
				c.end(s, license)
				s.pass(6 * time.Minute)
				assert.Equal(s, c.told, s.events.texts())
			})
		})
	}
}

func TestSection4_ASweepTellsOfEachAnswerAsAPairAndOfSilenceNothing(t *testing.T) {
	onStage(t, 4, attempts(1), func(s *stage) {
		license := s.checkout()
		s.server(2).SetSeats("f2", 0)
		s.server(3).Down()
		s.server(4).SetVersion("f2", messages.V(0, 9))
		s.server(1).Down()
		<-license.Done()
		s.pass(0)
		assert.Equal(s, []string{
			"CheckedOut f2 s1:1", "Lost(1) s1:1",
			"Retrying f2 s2:1", "Failed f2 s2:1 NoSeats", "Retrying f2 s4:1", "Failed f2 s4:1 VersionTooLow",
			"Lost f2 s4:1 VersionTooLow",
		}, s.events.texts())
	})
}

func TestSection4_AFeatureThatIsRestartedClosesItsOpenPairFirst(t *testing.T) {
	for name, c := range map[string]struct {
		then func(*stage)
		told []string
	}{
		"by the grant": {
			func(s *stage) { s.server(1).ClearFaults() },
			[]string{"Failed f2 s1:1 Ended", "FeatureRestarted"},
		},
		"and a take that goes on is a new pair": {
			func(s *stage) {
				s.server(1).Down()
				s.until("a failed beat", func() bool { return count[messages.ConnectionLost](&s.events) == 1 })
				s.server(1).Up()
				s.server(1).ClearFaults()
			},
			[]string{"Lost(1) s1:1", "Failed f2 s1:1 Ended", "FeatureRestarted", "Retrying f2 s1:1", "Succeeded f2 s1:1"},
		},
	} {
		t.Run("section 4: "+name, func(t *testing.T) {
			var armed atomic.Bool
			setup := func(s *stage) {
				s.config.fault = func(_, who string, _ any) {
					if who == "feature" && armed.CompareAndSwap(true, false) {
						panic("a defect")
					}
				}
			}
			onStage(t, 1, setup, func(s *stage) {
				license := inAnOpenPair(s)
				armed.Store(true)
				c.then(s)
				s.until("granted", func() bool { return license.Status().State == messages.StateHeld })
				s.pass(0)
				assert.Equal(s, c.told, s.events.texts())
				assert.Equal(s, 1, s.mostHeld("s1:1"))
			})
		})
	}
}
