package supervisor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
)

// limited sets the number of outages that are allowed per hour.
func limited(most int) func(*harness) {
	return func(h *harness) {
		h.config.DownLimit = DownLimit{Max: most}
		h.config.Heartbeat = Heartbeat{Attempts: 5, Interval: 30 * time.Second}
	}
}

// outage takes a server down until a heartbeat has failed, and then up again.
func (h *harness) outage() {
	h.Helper()
	h.server(1).Down()
	h.untilLost(1)
	h.server(1).Up()
	h.pass(time.Minute)
}

// docs/rules.md, section 3, rule 1: ten outages within the hour are allowed, the eleventh exceeds the limit.
func TestOutageLimit_OneOutageMoreThanAllowedMakesTheApplicationUnavailable(t *testing.T) {
	withHarness(t, 1, limited(10), func(h *harness) {
		l := h.checkout()
		for range 10 {
			h.outage()
		}
		require.NoError(h, l.Err())
		h.outage()
		require.ErrorIs(h, l.Err(), messages.ErrUnavailable)
		var unavailable *messages.UnavailableError
		require.ErrorAs(h, l.Err(), &unavailable)
		assert.Equal(h, 11, unavailable.Count)
		assert.Equal(h, 0, h.server(1).HeldTotal(), "its seats are returned")
		assert.Equal(h, messages.StateUnavailable, l.Status().State)
	})
}

// docs/rules.md, section 3, rule 3: checkouts fail until the window has room, at the time that the error names.
func TestOutageLimit_CheckoutsWorkAgainWhenTheWindowHasRoom(t *testing.T) {
	withHarness(t, 1, limited(1), func(h *harness) {
		h.checkout()
		h.outage()
		h.outage()
		_, err := h.rt.Checkout(h.Context(), messages.Checkout{Feature: "f2"})
		var unavailable *messages.UnavailableError
		require.ErrorAs(h, err, &unavailable)
		h.pass(time.Until(unavailable.Until) - time.Millisecond)
		_, err = h.rt.Checkout(h.Context(), messages.Checkout{Feature: "f2"})
		require.ErrorIs(h, err, messages.ErrUnavailable)
		h.pass(2 * time.Millisecond)
		h.checkout()
		assert.Contains(h, h.events.names(), "AvailabilityRestored")
	})
}

// docs/rules.md, section 3, rule 2: a restart without a failed heartbeat is one outage, and so are failed heartbeats and a
// new BootID together.
func TestOutageLimit_ARestartIsCountedOnceWhetherBeatsFailedOrNot(t *testing.T) {
	withHarness(t, 1, limited(100), func(h *harness) {
		h.checkout()
		h.checkout()
		h.server(1).Restart()
		h.pass(2 * time.Minute)
		assert.Equal(h, 1, last[messages.OutageCounted](&h.events).Count)
		h.server(1).Down()
		h.untilLost(2)
		h.server(1).Restart()
		h.pass(2 * time.Minute)
		assert.Equal(h, 2, last[messages.OutageCounted](&h.events).Count)
	})
}

// docs/rules.md, section 3, rule 2: the counter decides before the features recover.
func TestOutageLimit_LicensesEndBeforeAnyFeatureRecovers(t *testing.T) {
	withHarness(t, 1, limited(1), func(h *harness) {
		h.checkout()
		h.outage()
		h.events.names()
		h.outage()
		names := h.events.names()
		assert.NotContains(h, names, "RetryingFeature")
		assert.Contains(h, names, "DownLimitExceeded")
	})
}

// docs/rules.md, section 3, rule 4: an unstable network need not be counted.
func TestOutageLimit_WithCountRestartsOnlyAChangedBootIDCounts(t *testing.T) {
	setup := func(h *harness) {
		limited(1)(h)
		h.config.DownLimit.Count = CountRestarts
	}
	withHarness(t, 1, setup, func(h *harness) {
		l := h.checkout()
		for range 5 {
			h.outage()
		}
		require.NoError(h, l.Err())
		h.server(1).Restart()
		h.pass(2 * time.Minute)
		require.NoError(h, l.Err())
		h.server(1).Restart()
		h.pass(2 * time.Minute)
		assert.ErrorIs(h, l.Err(), messages.ErrUnavailable)
	})
}

// docs/rules.md, section 3, rule 4: refusals, and leases that an administrator ended, are never outages.
func TestOutageLimit_RevocationsAndRefusalsAreNoOutages(t *testing.T) {
	withHarness(t, 1, limited(1), func(h *harness) {
		h.checkout()
		h.server(1).RevokeFeature("f2")
		h.pass(5 * time.Minute)
		assert.NotContains(h, h.events.names(), "OutageCounted")
	})
}

// docs/rules.md, section 3, rule 2: a break that heals between two heartbeats is no outage, and a server that was never
// reached has none.
func TestOutageLimit_BreaksBetweenBeatsAndServersNeverReachedAreNoOutages(t *testing.T) {
	withHarness(t, 2, limited(1), func(h *harness) {
		h.server(1).Down()
		h.checkout() // from the second server
		h.untilHeartbeats(1)
		h.server(2).Down()
		h.server(2).Up()
		h.pass(5 * time.Minute)
		assert.NotContains(h, h.events.names(), "OutageCounted")
		h.server(1).Up()
	})
}

// docs/rules.md, section 3, rule 2: a server is its ServerID, whatever its addresses are.
func TestOutageLimit_TwoAddressesOfOneServerShareOneCount(t *testing.T) {
	setup := func(h *harness) {
		limited(100)(h)
		h.net.Alias("s1:2", h.server(1))
		h.config.Servers = append(h.config.Servers, "s1:2")
	}
	withHarness(t, 1, setup, func(h *harness) {
		h.checkout()
		h.net.Cut("s1:1")
		h.checkout() // from the other address
		h.net.Heal("s1:1")
		h.server(1).Restart()
		h.pass(2 * time.Minute)
		assert.Equal(h, 1, count[messages.OutageCounted](&h.events))
		require.Len(h, h.rt.Status().Connections, 1)
		assert.Equal(h, 1, h.rt.Status().Connections[0].Outages)
	})
}

// docs/rules.md, section 3, rule 2: whoever forgets is counted at the address.
func TestOutageLimit_ReplacementsAreOutagesOfTheAddress(t *testing.T) {
	for _, mode := range []CountMode{CountOutages, CountRestarts} {
		setup := func(h *harness) {
			limited(2)(h)
			h.config.DownLimit.Count = mode
		}
		withHarness(t, 1, setup, func(h *harness) {
			l := h.checkout()
			for range 2 {
				h.server(1).Replace()
				h.pass(3 * time.Minute)
			}
			require.NoError(h, l.Err())
			h.server(1).Replace()
			h.pass(3 * time.Minute)
			require.ErrorIs(h, l.Err(), messages.ErrUnavailable)
			assert.Equal(h, 3, last[messages.OutageCounted](&h.events).Count)
			assert.Equal(h, 1, count[messages.DownLimitExceeded](&h.events))
			assert.Zero(h, h.server(1).HeldTotal())
		})
	}
}

// docs/rules.md, section 3, rule 2: a server whose ledger went back goes down and comes up like any other.
func TestOutageLimit_OutagesAfterTheLedgerWentBackCount(t *testing.T) {
	withHarness(t, 1, limited(100), func(h *harness) {
		h.checkout()
		h.server(1).Restart()
		h.pass(2 * time.Minute)
		h.server(1).Rollback()
		h.pass(2 * time.Minute)
		require.Equal(h, 2, last[messages.OutageCounted](&h.events).Count)
		for n := range 3 {
			h.outage()
			assert.Equal(h, n+3, last[messages.OutageCounted](&h.events).Count)
		}
	})
}

func TestOutageLimit_OutagesAfterTheLedgerWentBackAreNoRestarts(t *testing.T) {
	setup := func(h *harness) {
		limited(100)(h)
		h.config.DownLimit.Count = CountRestarts
	}
	withHarness(t, 1, setup, func(h *harness) {
		h.checkout()
		h.server(1).Restart()
		h.pass(2 * time.Minute)
		h.server(1).Rollback()
		h.pass(2 * time.Minute)
		require.Equal(h, 2, last[messages.OutageCounted](&h.events).Count)
		h.outage()
		assert.Equal(h, 2, count[messages.OutageCounted](&h.events))
	})
}

// docs/rules.md, section 3, rule 2: no seat is taken before the counter has decided.
func TestOutageLimit_NoSeatIsTakenFromAServerBeforeItsOutageIsCounted(t *testing.T) {
	withHarness(t, 1, limited(1), func(h *harness) {
		l := h.checkout()
		h.server(1).Restart()
		h.pass(2 * time.Minute)
		require.NoError(h, l.Checkin(h.Context()))
		taken := h.server(1).Stats().Takes
		h.server(1).Down()
		_, err := h.rt.Checkout(h.Context(), messages.Checkout{Feature: "f2"}) // the session is gone
		require.Error(h, err)
		h.server(1).Restart()
		_, err = h.rt.Checkout(h.Context(), messages.Checkout{Feature: "f2"})
		require.ErrorIs(h, err, messages.ErrUnavailable)
		assert.Equal(h, taken, h.server(1).Stats().Takes)
	})
}
