package transporttest

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

var repeatPromises = []promise{
	{"ARepeatedRequestGetsTheSameLease", tryRepeat},
	{"ARequestRepeatedWithinABatchTakesOneSeat", tryRepeatInBatch},
	{"ConcurrentRepeatsTakeOneSeat", tryConcurrentRepeats},
	{"ARefusedRequestMayBeRepeated", tryRepeatOfRefused},
	{"ARepeatAfterTheLeaseEndedIsGone", tryRepeatOfReturned},
	{"TwoClientsMayDrawTheSameRequest", trySameRequest},
}

func tryRepeat(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	take := p.take(f.Feature, 1)
	lease := p.granted(take)
	assert.Equal(t, lease, p.granted(take))
	p.free(f.Seats - 1)
}

func tryRepeatInBatch(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	take := p.take(f.Feature, 1)
	outcomes := p.checkout(take, take)
	require.Equal(t, transport.Granted, outcomes[0].Result)
	assert.Equal(t, outcomes[0], outcomes[1])
	p.free(f.Seats - 1)
}

func tryConcurrentRepeats(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	take, ctx := p.take(f.Feature, 1), p.context()
	var wg sync.WaitGroup
	replies := make([]transport.CheckoutReply, 16)
	for i := range replies {
		wg.Go(func() {
			reply, err := p.session.Checkout(ctx, []transport.Take{take})
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
	p.free(f.Seats - 1)
}

func tryRepeatOfRefused(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	all := p.granted(p.take(f.Feature, f.Seats))
	take := p.take(f.Feature, 1)
	p.refused(messages.NoSeats, take, "all seats are taken")
	p.checkin(transport.Return{Lease: all})
	p.granted(take)
}

func tryRepeatOfReturned(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	take := p.take(f.Feature, 1)
	p.checkin(transport.Return{Lease: p.granted(take)})
	p.gone(messages.Returned, take, "its lease was returned")
	p.free(f.Seats)
}

func trySameRequest(t *testing.T, f *Fixture) {
	one, other := newProbe(t, f), newProbe(t, f)
	take := one.take(f.Feature, 1)
	other.requests = append(other.requests, take.Request)
	first, second := one.granted(take), other.granted(take)
	assert.NotEqual(t, first, second)
	one.checkin(transport.Return{Request: take.Request})
	other.held(second)
}
