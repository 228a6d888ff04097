package conformance

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// replacePromises are about takes that name requests in Replaces.
var replacePromises = []promise{
	{"ReplacingFreesAndGrantsInOneStep", tryReplace},
	{"ARefusedReplacementChangesNothing", tryRefusedReplace},
	{"SeatsThatAreReplacedTwiceCountOnce", tryReplaceTwice},
	{"AReplacedRequestIsNeverExecuted", tryReplaceUnknown},
	{"OneClientDoesNotReplaceTheLeaseOfAnother", tryReplaceForeign},
	{"ARevokedLeaseIsNotReplaced", tryReplaceRevoked},
}

func tryReplace(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	take := c.take(f.Feature, f.Seats)
	old := c.granted(take)
	renewed := c.granted(c.take(f.Feature, f.Seats, take.Request)) // no seat is free
	assert.NotEqual(t, old, renewed)
	c.ended(messages.Replaced, old)
	c.held(renewed)
	c.gone(messages.Replaced, take, "it was replaced")
	c.free(0)
}

func tryRefusedReplace(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	take := c.take(f.Feature, 1)
	old := c.granted(take)
	c.refused(messages.NoSeats, c.take(f.Feature, f.Seats+1, take.Request), "more seats than there are")
	c.held(old)
	c.free(f.Seats - 1)
}

func tryReplaceTwice(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	take := c.take(f.Feature, 1)
	c.granted(take)
	c.granted(c.take(f.Feature, f.Seats-1))
	c.refused(messages.NoSeats, c.take(f.Feature, 2, take.Request, take.Request), "one seat is freed")
	c.granted(c.take(f.Feature, 1, take.Request, take.Request))
	c.free(0)
}

func tryReplaceUnknown(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	late := c.take(f.Feature, 1)
	replaces := []messages.RequestID{late.Request}
	for len(replaces) < transport.MaxReplaces {
		replaces = append(replaces, newRequest())
	}
	c.granted(c.take(f.Feature, 1, replaces...))
	c.gone(messages.Replaced, late, "it was replaced before it arrived")
	c.free(f.Seats - 1)
}

func tryReplaceForeign(t *testing.T, f *Fixture) {
	holder, other := newClient(t, f), newClient(t, f)
	take := holder.take(f.Feature, f.Seats)
	lease := holder.granted(take)
	other.refused(messages.NoSeats, other.take(f.Feature, 1, take.Request), "another client holds the seats")
	holder.held(lease)
}

func tryReplaceRevoked(t *testing.T, f *Fixture) {
	needs(t, f.Revoke != nil, "Revoke")
	c := newClient(t, f)
	take := c.take(f.Feature, 1)
	f.Revoke(c.granted(take))
	c.refused(messages.Revoked, c.take(f.Feature, 1, take.Request), "an administrator took the lease away")
	c.gone(messages.Revoked, take, "an administrator took the lease away")
	c.free(f.Seats)
}
