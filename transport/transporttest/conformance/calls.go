package conformance

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// callPromises are about what every call has in common.
var callPromises = []promise{
	{"ASessionServesManyCallsAtOnce", tryConcurrentUse},
	{"TheSlicesOfACallStayTheCallers", trySlices},
	{"ARefusalOfACallIsARefusal", tryRefusal},
	{"NoGoroutineOutlivesClose", tryGoroutines},
}

func tryConcurrentUse(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	ctx := c.context()
	var wg sync.WaitGroup
	for range min(2*f.Seats, 32) {
		wg.Go(func() {
			for range 10 {
				useOnce(ctx, c)
			}
		})
	}
	wg.Wait()
	c.free(f.Seats)
}

// useOnce takes a seat if one is free, sends a heartbeat for its lease and returns it. It is safe for concurrent use.
func useOnce(ctx context.Context, c *client) {
	take := c.take(c.fixture.Feature, 1)
	reply, err := c.session.Checkout(ctx, []transport.Take{take})
	if err != nil || len(reply.Outcomes) != 1 || reply.Outcomes[0].Request != take.Request {
		c.t.Errorf("checkout: outcomes %v, error %v", reply.Outcomes, err)
		return
	}
	if o := reply.Outcomes[0]; o.Result != transport.Granted {
		assert.Equal(c.t, messages.NoSeats, o.Reason)
		return
	}
	lease := reply.Outcomes[0].Lease
	if beat, err := c.session.Heartbeat(ctx, []messages.LeaseID{lease}); err != nil || len(beat.Ended) > 0 {
		c.t.Errorf("heartbeat: ended %v, error %v", beat.Ended, err)
	}
	if _, err := c.session.Checkin(ctx, []transport.Return{{Lease: lease}}); err != nil {
		c.t.Errorf("checkin: %v", err)
	}
}

// trySlices overwrites the slices of each call as soon as the call has returned: the race detector notices a transport
// that still reads them.
func trySlices(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	ctx := c.context()
	for range 20 {
		take := c.take(f.Feature, 1, newRequest(), newRequest())
		takes := []transport.Take{take}
		replaces := slices.Clone(take.Replaces)
		reply, err := c.session.Checkout(ctx, takes)
		require.NoError(t, err)
		require.Equal(t, replaces, take.Replaces, "Checkout changed Replaces")
		require.Equal(t, []transport.Take{take}, takes, "Checkout changed its takes")
		clear(take.Replaces)
		clear(takes)

		lease := reply.Outcomes[0].Lease
		leases := []messages.LeaseID{lease, unknownLease()}
		named := slices.Clone(leases)
		beat, err := c.session.Heartbeat(ctx, leases)
		require.NoError(t, err)
		require.Equal(t, named, leases, "Heartbeat changed its leases")
		clear(leases)
		require.Equal(t, []transport.Ended{{Lease: named[1], Reason: messages.Unknown}}, beat.Ended)

		returns := []transport.Return{{Lease: lease}}
		_, err = c.session.Checkin(ctx, returns)
		require.NoError(t, err)
		require.Equal(t, []transport.Return{{Lease: lease}}, returns, "Checkin changed its returns")
		clear(returns)
	}
	c.free(f.Seats)
}

func tryRefusal(t *testing.T, f *Fixture) {
	needs(t, f.Refuse != nil, "Refuse")
	c := newClient(t, f)
	f.Refuse()
	for _, call := range sessionCalls(c) {
		err := call.do(c.context(), c.session)
		if call.name == "checkin" && err == nil {
			continue // a server may take seats back while it refuses everything else
		}
		refusal := transport.AsRefusal(err)
		if assert.NotNil(t, refusal, "%s: no *Refusal in the error", call.name) {
			assert.NotEqual(t, messages.NoReason, refusal.Reason, "%s: a refusal without a reason", call.name)
		}
	}
	session, err := f.Transport.Connect(c.context(), f.Address)
	assert.NotNil(t, transport.AsRefusal(err), "connect: no *Refusal in the error")
	assert.Nil(t, session)
}

// tryGoroutines opens many sessions, so that one leaked goroutine per session stands out against all other goroutines.
func tryGoroutines(t *testing.T, f *Fixture) {
	const sessions = 20
	useAndClose := func() {
		ctx, cancel := context.WithTimeout(t.Context(), answerWithin)
		defer cancel()
		var client transport.Client
		client.Instance = newRequest()
		session, err := f.Transport.Connect(transport.WithClient(ctx, client), f.Address)
		require.NoError(t, err)
		_, err = session.Heartbeat(ctx, nil)
		require.NoError(t, err)
		require.NoError(t, session.Close())
	}
	useAndClose() // goroutines that are started once, with the first session, are not counted
	before := runtime.NumGoroutine()
	for range sessions {
		useAndClose()
	}
	end := time.Now().Add(soon)
	for runtime.NumGoroutine() >= before+sessions && time.Now().Before(end) {
		time.Sleep(10 * time.Millisecond)
	}
	if after := runtime.NumGoroutine(); after >= before+sessions {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines more after %d sessions:\n%s", after-before, sessions, stacks[:runtime.Stack(stacks, true)])
	}
}
