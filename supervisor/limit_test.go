package supervisor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
)

// limited allows so many outages per hour.
func limited(most int) func(*stage) {
	return func(s *stage) {
		s.config.DownLimit = DownLimit{Max: most}
		s.config.Heartbeat = Heartbeat{Attempts: 5, Interval: 30 * time.Second}
	}
}

// outage takes a server down until a beat has failed, and lets it come back.
func (s *stage) outage() {
	s.Helper()
	s.server(1).Down()
	s.untilLost(1)
	s.server(1).Up()
	s.pass(time.Minute)
}

// Section 3, rule 1: ten within the hour are allowed, the eleventh trips.
func TestLimit_OneOutageMoreThanAllowedMakesTheApplicationUnavailable(t *testing.T) {
	onStage(t, 1, limited(10), func(s *stage) {
		l := s.checkout()
		for range 10 {
			s.outage()
		}
		require.NoError(s, l.Err())
		s.outage()
		require.ErrorIs(s, l.Err(), messages.ErrUnavailable)
		var unavailable *messages.UnavailableError
		require.ErrorAs(s, l.Err(), &unavailable)
		assert.Equal(s, 11, unavailable.Count)
		assert.Equal(s, 0, s.server(1).HeldTotal(), "its seats are returned")
		assert.Equal(s, messages.StateUnavailable, l.Status().State)
	})
}

// Section 3, rule 3: checkouts fail until the window has room, at the time that the error names.
func TestLimit_CheckoutsWorkAgainWhenTheWindowHasRoom(t *testing.T) {
	onStage(t, 1, limited(1), func(s *stage) {
		s.checkout()
		s.outage()
		s.outage()
		_, err := s.rt.Checkout(s.Context(), messages.Checkout{Feature: "f2"})
		var unavailable *messages.UnavailableError
		require.ErrorAs(s, err, &unavailable)
		s.pass(time.Until(unavailable.Until) - time.Millisecond)
		_, err = s.rt.Checkout(s.Context(), messages.Checkout{Feature: "f2"})
		require.ErrorIs(s, err, messages.ErrUnavailable)
		s.pass(2 * time.Millisecond)
		s.checkout()
		assert.Contains(s, s.events.names(), "AvailabilityRestored")
	})
}

// Section 3, rule 2: a restart without a failed beat is one outage, and so are failed beats and a new BootID together.
func TestLimit_ARestartIsCountedOnceWhetherBeatsFailedOrNot(t *testing.T) {
	onStage(t, 1, limited(100), func(s *stage) {
		s.checkout()
		s.checkout()
		s.server(1).Restart()
		s.pass(2 * time.Minute)
		assert.Equal(s, 1, last[messages.OutageCounted](&s.events).Count)
		s.server(1).Down()
		s.untilLost(2)
		s.server(1).Restart()
		s.pass(2 * time.Minute)
		assert.Equal(s, 2, last[messages.OutageCounted](&s.events).Count)
	})
}

// Section 3, rule 2: the counter decides before the features recover.
func TestLimit_TheTripComesBeforeAnyFeatureRecovers(t *testing.T) {
	onStage(t, 1, limited(1), func(s *stage) {
		s.checkout()
		s.outage()
		s.events.names()
		s.outage()
		names := s.events.names()
		assert.NotContains(s, names, "RetryingFeature")
		assert.Contains(s, names, "DownLimitExceeded")
	})
}

// Section 3, rule 4: an unstable network need not count.
func TestLimit_WithRestartsOnlyAChangedBootIDCounts(t *testing.T) {
	setup := func(s *stage) {
		limited(1)(s)
		s.config.DownLimit.Count = CountRestarts
	}
	onStage(t, 1, setup, func(s *stage) {
		l := s.checkout()
		for range 5 {
			s.outage()
		}
		require.NoError(s, l.Err())
		s.server(1).Restart()
		s.pass(2 * time.Minute)
		require.NoError(s, l.Err())
		s.server(1).Restart()
		s.pass(2 * time.Minute)
		assert.ErrorIs(s, l.Err(), messages.ErrUnavailable)
	})
}

// Section 3, rule 4: refusals and leases that an administrator ended are never outages.
func TestLimit_RevocationsAndRefusalsAreNoOutages(t *testing.T) {
	onStage(t, 1, limited(1), func(s *stage) {
		s.checkout()
		s.server(1).RevokeFeature("f2")
		s.pass(5 * time.Minute)
		assert.NotContains(s, s.events.names(), "OutageCounted")
	})
}

// Section 3, rule 2: what heals between two beats is no outage, and a server that was never reached has none.
func TestLimit_WhatHealsBetweenBeatsAndWhatNeverAnsweredAreNoOutages(t *testing.T) {
	onStage(t, 2, limited(1), func(s *stage) {
		s.server(1).Down()
		s.checkout() // of the second server
		s.untilBeaten(1)
		s.server(2).Down()
		s.server(2).Up()
		s.pass(5 * time.Minute)
		assert.NotContains(s, s.events.names(), "OutageCounted")
		s.server(1).Up()
	})
}

// Section 3, rule 2: a server is its ServerID, whatever addresses it answers at.
func TestLimit_TwoAddressesOfOneServerShareOneCount(t *testing.T) {
	setup := func(s *stage) {
		limited(100)(s)
		s.net.Alias("s1:2", s.server(1))
		s.config.Servers = append(s.config.Servers, "s1:2")
	}
	onStage(t, 1, setup, func(s *stage) {
		s.checkout()
		s.net.Cut("s1:1")
		s.checkout() // at the other address
		s.net.Heal("s1:1")
		s.server(1).Restart()
		s.pass(2 * time.Minute)
		assert.Equal(s, 1, count[messages.OutageCounted](&s.events))
		require.Len(s, s.rt.Status().Connections, 1)
		assert.Equal(s, 1, s.rt.Status().Connections[0].Outages)
	})
}
