package transporttest

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

var replacePromises = []promise{
	{"ReplacingFreesAndGrantsInOneStep", tryReplace},
	{"ARefusedReplacementChangesNothing", tryRefusedReplace},
	{"SeatsThatAreReplacedTwiceCountOnce", tryReplaceTwice},
	{"AReplacedRequestIsNeverExecuted", tryReplaceUnknown},
	{"OneClientDoesNotReplaceTheLeaseOfAnother", tryReplaceForeign},
	{"ARevokedLeaseIsNotReplaced", tryReplaceRevoked},
}

func tryReplace(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	take := p.take(f.Feature, f.Seats)
	old := p.granted(take)
	renewed := p.granted(p.take(f.Feature, f.Seats, take.Request)) // there is no seat to spare
	assert.NotEqual(t, old, renewed)
	p.ended(messages.Replaced, old)
	p.held(renewed)
	p.gone(messages.Replaced, take, "it was replaced")
	p.free(0)
}

func tryRefusedReplace(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	take := p.take(f.Feature, 1)
	old := p.granted(take)
	p.refused(messages.NoSeats, p.take(f.Feature, f.Seats+1, take.Request), "more seats than there are")
	p.held(old)
	p.free(f.Seats - 1)
}

func tryReplaceTwice(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	take := p.take(f.Feature, 1)
	p.granted(take)
	p.granted(p.take(f.Feature, f.Seats-1))
	p.refused(messages.NoSeats, p.take(f.Feature, 2, take.Request, take.Request), "one seat is freed")
	p.granted(p.take(f.Feature, 1, take.Request, take.Request))
	p.free(0)
}

func tryReplaceUnknown(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	late := p.take(f.Feature, 1)
	replaces := []messages.RequestID{late.Request}
	for len(replaces) < transport.MaxReplaces {
		replaces = append(replaces, newRequest())
	}
	p.granted(p.take(f.Feature, 1, replaces...))
	p.gone(messages.Replaced, late, "it was replaced before it arrived")
	p.free(f.Seats - 1)
}

func tryReplaceForeign(t *testing.T, f *Fixture) {
	holder, stranger := newProbe(t, f), newProbe(t, f)
	take := holder.take(f.Feature, f.Seats)
	lease := holder.granted(take)
	stranger.refused(messages.NoSeats, stranger.take(f.Feature, 1, take.Request), "another client holds the seats")
	holder.held(lease)
}

func tryReplaceRevoked(t *testing.T, f *Fixture) {
	needs(t, f.Revoke != nil, "Revoke")
	p := newProbe(t, f)
	take := p.take(f.Feature, 1)
	f.Revoke(p.granted(take))
	p.refused(messages.Revoked, p.take(f.Feature, 1, take.Request), "an administrator took the lease away")
	p.gone(messages.Revoked, take, "an administrator took the lease away")
	p.free(f.Seats)
}
