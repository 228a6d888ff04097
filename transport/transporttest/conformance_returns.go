package transporttest

import (
	"testing"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

var returnPromises = []promise{
	{"ALeaseIsReturnedByItsID", tryReturnLease},
	{"ALeaseIsReturnedByItsRequest", tryReturnRequest},
	{"ReturningTwiceIsNoFault", tryReturnTwice},
	{"ReturningTheUnknownIsNoFault", tryReturnUnknown},
	{"ARequestReturnedBeforeItArrivesIsNeverExecuted", tryReturnBefore},
	{"TheLargestBatchOfReturnsIsTaken", tryReturnMany},
	{"OneClientDoesNotReturnTheLeaseOfAnother", tryReturnForeign},
}

func tryReturnLease(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	lease := p.granted(p.take(f.Feature, 1))
	p.checkin(transport.Return{Lease: lease})
	p.ended(messages.Returned, lease)
	p.free(f.Seats)
}

func tryReturnRequest(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	take := p.take(f.Feature, 1)
	lease := p.granted(take)
	p.checkin(transport.Return{Request: take.Request})
	p.ended(messages.Returned, lease)
	p.free(f.Seats)
}

func tryReturnTwice(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	take := p.take(f.Feature, 1)
	lease := p.granted(take)
	p.granted(p.take(f.Feature, 1))
	p.checkin(transport.Return{Lease: lease}, transport.Return{Request: take.Request})
	p.checkin(transport.Return{Lease: lease, Request: take.Request})
	p.free(f.Seats - 1)
}

func tryReturnUnknown(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	lease := p.granted(p.take(f.Feature, 1))
	p.checkin(transport.Return{Lease: unknownLease()}, transport.Return{Request: newRequest()}, transport.Return{})
	p.held(lease)
	p.free(f.Seats - 1)
}

func tryReturnBefore(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	late := p.take(f.Feature, 1)
	p.checkin(transport.Return{Request: late.Request})
	p.gone(messages.Returned, late, "it was cancelled before it arrived")
	p.free(f.Seats)
}

func tryReturnMany(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	lease := p.granted(p.take(f.Feature, f.Seats))
	returns := make([]transport.Return, transport.MaxBatch)
	for i := range returns {
		returns[i].Request = newRequest()
	}
	returns[len(returns)-1] = transport.Return{Lease: lease}
	p.checkin(returns...)
	p.free(f.Seats)
}

func tryReturnForeign(t *testing.T, f *Fixture) {
	holder, stranger := newProbe(t, f), newProbe(t, f)
	take := holder.take(f.Feature, 1)
	lease := holder.granted(take)
	stranger.checkin(transport.Return{Lease: lease}, transport.Return{Request: take.Request})
	holder.held(lease)
	holder.free(f.Seats - 1)
}
