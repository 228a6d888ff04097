package conformance

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// repeatPromises are about requests that a client sends again.
var repeatPromises = []promise{
	{"ARepeatedRequestGetsTheSameLease", tryRepeat},
	{"ARequestRepeatedWithinABatchTakesOneSeat", tryRepeatInBatch},
	{"ConcurrentRepeatsTakeOneSeat", tryConcurrentRepeats},
	{"ARefusedRequestMayBeRepeated", tryRepeatOfRefused},
	{"ARepeatAfterTheLeaseEndedIsGone", tryRepeatOfReturned},
	{"TwoClientsMayDrawTheSameRequest", trySameRequest},
}

func tryRepeat(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	take := c.take(f.Feature, 1)
	lease := c.granted(take)
	assert.Equal(t, lease, c.granted(take))
	c.free(f.Seats - 1)
}

func tryRepeatInBatch(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	take := c.take(f.Feature, 1)
	outcomes := c.checkout(take, take)
	require.Equal(t, transport.Granted, outcomes[0].Result)
	assert.Equal(t, outcomes[0], outcomes[1])
	c.free(f.Seats - 1)
}

func tryConcurrentRepeats(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	take, ctx := c.take(f.Feature, 1), c.context()
	var wg sync.WaitGroup
	replies := make([]transport.CheckoutReply, 16)
	for i := range replies {
		wg.Go(func() {
			reply, err := c.session.Checkout(ctx, []transport.Take{take})
			assert.NoError(t, err)
			replies[i] = reply
		})
	}
	wg.Wait()
	for _, reply := range replies {
		require.Len(t, reply.Outcomes, 1)
		require.Equal(t, transport.Granted, reply.Outcomes[0].Result)
		assert.Equal(t, replies[0].Outcomes[0].Lease, reply.Outcomes[0].Lease)
	}
	c.free(f.Seats - 1)
}

func tryRepeatOfRefused(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	all := c.granted(c.take(f.Feature, f.Seats))
	take := c.take(f.Feature, 1)
	c.refused(messages.NoSeats, take, "all seats are taken")
	c.checkin(transport.Return{Lease: all})
	c.granted(take)
}

func tryRepeatOfReturned(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	take := c.take(f.Feature, 1)
	c.checkin(transport.Return{Lease: c.granted(take)})
	c.gone(messages.Returned, take, "its lease was returned")
	c.free(f.Seats)
}

func trySameRequest(t *testing.T, f *Fixture) {
	one, other := newClient(t, f), newClient(t, f)
	take := one.take(f.Feature, 1)
	other.remember(take.Request)
	first, second := one.granted(take), other.granted(take)
	assert.NotEqual(t, first, second)
	one.checkin(transport.Return{Request: take.Request})
	other.held(second)
}
