package server

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// of returns a client of another identity than most.
func (s *bookStage) of(identity string, number byte) *client {
	c, err := s.book.clients.of(Holder{Identity: identity, Instance: [16]byte{number}})
	assert.NoError(s.t, err)
	return c
}

func TestADenialTellsAClientWhatItHoldsAndNobodyElseByName(t *testing.T) {
	s := newBookStage(t, Config{Features: []Feature{{Name: "f", Version: messages.V(1, 0), Seats: 6}}})
	ada, sameAda, bob := s.of("ada", 11), s.of("ada", 12), s.of("bob", 21)
	first := seats("f", 1)
	for _, by := range []struct {
		c *client
		t take
	}{{ada, first}, {ada, seats("f", 2, first.request)}, {sameAda, seats("f", 1)}, {bob, seats("f", 3)}} {
		assert.Equal(t, granted, s.book.take(by.c, by.t, s.now).result)
	}
	for c, want := range map[*client]string{
		ada:             "6 of 6 seats in use (2 yours, 1 of your identity)",
		sameAda:         "6 of 6 seats in use (1 yours, 2 of your identity)",
		bob:             "6 of 6 seats in use (3 yours, 0 of your identity)",
		s.of("eve", 31): "6 of 6 seats in use (0 yours, 0 of your identity)",
	} {
		assert.Equal(t, want, s.book.take(c, seats("f", 1), s.now).message)
	}
	s.commit()
	s.restart()
	assert.Equal(t, "6 of 6 seats in use (2 yours, 1 of your identity), 2 asked for",
		s.book.take(s.of("ada", 11), seats("f", 2), s.now).message, "the same after a restart")
}

func TestADenialFromSharedSeatsTellsHowManyShareThem(t *testing.T) {
	s := newBookStage(t, Config{Features: []Feature{{Name: "f", Version: messages.V(1, 0), Seats: 1, Share: ShareUser}}})
	s.groups = func(client byte) groupKeys { return groupKeys{ShareUser: {client / 10}} }
	s.take(11, seats("f", 1))
	s.take(12, seats("f", 1))
	assert.Equal(t, "1 of 1 seats in use (0 of yours share them, 2 of your identity)", s.take(21, seats("f", 1)).message)
}

func TestTheAuditNamesThreeAtMostWhoHoldTheSeats(t *testing.T) {
	s := newBookStage(t, Config{Features: []Feature{{Name: "f", Version: messages.V(1, 0), Seats: 5}}})
	s.book.audited = true
	for i := range byte(5) {
		s.book.take(s.of(string('a'+rune(i)), i+1), seats("f", 1), s.now)
	}
	s.book.take(s.of("eve", 31), seats("f", 1), s.now)
	named := make(map[string]bool)
	for _, by := range s.book.deeds[5].heldBy {
		assert.Equal(t, 1, by.Seats)
		named[by.Identity] = true
	}
	assert.Len(t, named, maxHeldBy)
	assert.NotContains(t, named, "eve")
}

func TestNobodyIsRememberedWhoHoldsNothing(t *testing.T) {
	s := newBookStage(t, Config{Features: []Feature{{Name: "f", Version: messages.V(1, 0), Seats: 5}}})
	held := seats("f", 3)
	s.take(1, held)
	assert.NoError(t, s.book.checkin(s.client(1), nil, []messages.RequestID{held.request}, s.now))
	assert.Empty(t, s.book.pools.all[0].owners.clients)
	assert.Empty(t, s.book.pools.all[0].owners.identities)
}

// A message for people is cut where it would be too long for a full batch.
func TestADenialOfManySeatsFitsIntoAReply(t *testing.T) {
	s := newBookStage(t, Config{Features: []Feature{{Name: "f", Version: messages.V(1, 0), Seats: 54_321}}})
	s.take(1, seats("f", 54_321))
	assert.LessOrEqual(t, len(s.take(1, seats("f", 1234)).message), wire.MaxText)
}
