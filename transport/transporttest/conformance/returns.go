package conformance

import (
	"testing"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// returnPromises are about Checkin.
var returnPromises = []promise{
	{"ALeaseIsReturnedByItsID", tryReturnLease},
	{"ALeaseIsReturnedByItsRequest", tryReturnRequest},
	{"ReturningTwiceIsNoFault", tryReturnTwice},
	{"ReturningAnUnknownLeaseIsNoFault", tryReturnUnknown},
	{"ARequestReturnedBeforeItArrivesIsNeverExecuted", tryReturnBefore},
	{"TheLargestBatchOfReturnsIsTaken", tryReturnMany},
	{"OneClientDoesNotReturnTheLeaseOfAnother", tryReturnForeign},
}

func tryReturnLease(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	lease := c.granted(c.take(f.Feature, 1))
	c.checkin(transport.Return{Lease: lease})
	c.ended(messages.Returned, lease)
	c.free(f.Seats)
}

func tryReturnRequest(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	take := c.take(f.Feature, 1)
	lease := c.granted(take)
	c.checkin(transport.Return{Request: take.Request})
	c.ended(messages.Returned, lease)
	c.free(f.Seats)
}

func tryReturnTwice(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	take := c.take(f.Feature, 1)
	lease := c.granted(take)
	c.granted(c.take(f.Feature, 1))
	c.checkin(transport.Return{Lease: lease}, transport.Return{Request: take.Request})
	c.checkin(transport.Return{Lease: lease, Request: take.Request})
	c.free(f.Seats - 1)
}

func tryReturnUnknown(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	lease := c.granted(c.take(f.Feature, 1))
	c.checkin(transport.Return{Lease: unknownLease()}, transport.Return{Request: newRequest()}, transport.Return{})
	c.held(lease)
	c.free(f.Seats - 1)
}

func tryReturnBefore(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	late := c.take(f.Feature, 1)
	c.checkin(transport.Return{Request: late.Request})
	c.gone(messages.Returned, late, "it was cancelled before it arrived")
	c.free(f.Seats)
}

func tryReturnMany(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	lease := c.granted(c.take(f.Feature, f.Seats))
	returns := make([]transport.Return, transport.MaxBatch)
	for i := range returns {
		returns[i].Request = newRequest()
	}
	returns[len(returns)-1] = transport.Return{Lease: lease}
	c.checkin(returns...)
	c.free(f.Seats)
}

func tryReturnForeign(t *testing.T, f *Fixture) {
	holder, other := newClient(t, f), newClient(t, f)
	take := holder.take(f.Feature, 1)
	lease := holder.granted(take)
	other.checkin(transport.Return{Lease: lease}, transport.Return{Request: take.Request})
	holder.held(lease)
	holder.free(f.Seats - 1)
}
