package seats

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
)

func TestADenialTellsAClientWhatItHoldsAndNobodyElseByName(t *testing.T) {
	s := newHarness(t, feature(6))
	ada, sameAda, bob := s.clientOf("ada", 11), s.clientOf("ada", 12), s.clientOf("bob", 21)
	first := seats("f", 1)
	for _, by := range []struct {
		c *Client
		t Take
	}{{ada, first}, {ada, seats("f", 2, first.Request)}, {sameAda, seats("f", 1)}, {bob, seats("f", 3)}} {
		assert.Equal(t, Granted, s.allocator.Take(by.c, by.t, s.now).Result)
	}
	for c, want := range map[*Client]string{
		ada:                   "6 of 6 seats in use (you 2, your other clients 1)",
		sameAda:               "6 of 6 seats in use (you 1, your other clients 2)",
		bob:                   "6 of 6 seats in use (you 3, your other clients 0)",
		s.clientOf("eve", 31): "6 of 6 seats in use (you 0, your other clients 0)",
	} {
		assert.Equal(t, want, s.allocator.Take(c, seats("f", 1), s.now).Message)
	}
	s.commit()
	s.restart()
	assert.Equal(t, "6 of 6 seats in use (you 2, your other clients 1), 2 asked for",
		s.allocator.Take(s.clientOf("ada", 11), seats("f", 2), s.now).Message, "the same after a restart")
}

func TestADenialFromSharedSeatsTellsHowManyShareThem(t *testing.T) {
	s := newHarness(t, shared(1))
	s.keys = byTens
	s.take(11, seats("f", 1))
	s.take(12, seats("f", 1))
	assert.Equal(t, "1 of 1 seats in use (shared: you 0, your other clients 2)", s.take(21, seats("f", 1)).Message)
}

func TestTheAuditNamesThreeAtMostWhoHoldTheSeats(t *testing.T) {
	s := newHarnessOn(t, &ledger.Memory{}, Config{Features: []license.Feature{feature(5)}, Audit: true})
	for i := range byte(5) {
		s.allocator.Take(s.clientOf(string('a'+rune(i)), i+1), seats("f", 1), s.now)
	}
	s.allocator.Take(s.clientOf("eve", 31), seats("f", 1), s.now)
	named := make(map[string]bool)
	for _, by := range s.allocator.audit[5].HeldBy {
		assert.Equal(t, 1, by.Seats)
		named[by.Identity] = true
	}
	assert.Len(t, named, maxSample)
	assert.NotContains(t, named, "eve")
}

func TestNobodyIsRememberedWhoHoldsNothing(t *testing.T) {
	s := newHarness(t, feature(5))
	held := seats("f", 3)
	s.take(1, held)
	assert.NoError(t, s.allocator.Checkin(s.client(1), nil, []messages.RequestID{held.Request}, s.now))
	assert.Empty(t, s.allocator.pools.all[0].usage.clients)
	assert.Empty(t, s.allocator.pools.all[0].usage.identities)
}
