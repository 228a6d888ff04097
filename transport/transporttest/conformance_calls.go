package transporttest

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

var callPromises = []promise{
	{"ASessionServesManyCallsAtOnce", tryConcurrentUse},
	{"TheSlicesOfACallStayTheCallers", trySlices},
	{"ARefusalOfACallIsARefusal", tryRefusal},
	{"NoGoroutineOutlivesClose", tryGoroutines},
}

// call is one call of a session, whatever it returns.
type call struct {
	kind Kind
	do   func(context.Context, transport.Session) error
}

// calls returns one call of each kind that a session has.
func (p *probe) calls() []call {
	take := p.take(p.fixture.Feature, 1)
	return []call{
		{Checkouts, func(ctx context.Context, s transport.Session) error {
			_, err := s.Checkout(ctx, []transport.Take{take})
			return err
		}},
		{Heartbeats, func(ctx context.Context, s transport.Session) error {
			_, err := s.Heartbeat(ctx, []messages.LeaseID{unknownLease()})
			return err
		}},
		{Checkins, func(ctx context.Context, s transport.Session) error {
			_, err := s.Checkin(ctx, []transport.Return{{Request: take.Request}})
			return err
		}},
	}
}

// unreached claims that err means that the server was not reached.
func unreached(t *testing.T, err error, of Kind) {
	t.Helper()
	if assert.Error(t, err, of) {
		assert.Nil(t, transport.AsRefusal(err), "%s: a refusal although no server answered: %v", of, err)
	}
}

func tryConcurrentUse(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	ctx := p.context()
	var wg sync.WaitGroup
	for range min(2*f.Seats, 32) {
		wg.Go(func() {
			for range 10 {
				p.useOnce(ctx)
			}
		})
	}
	wg.Wait()
	p.free(f.Seats)
}

// useOnce takes a seat if there is one, beats its lease and returns it. It is safe for concurrent use.
func (p *probe) useOnce(ctx context.Context) {
	take := p.take(p.fixture.Feature, 1)
	reply, err := p.session.Checkout(ctx, []transport.Take{take})
	if err != nil || len(reply.Outcomes) != 1 || reply.Outcomes[0].Request != take.Request {
		p.t.Errorf("checkout: outcomes %v, error %v", reply.Outcomes, err)
		return
	}
	if o := reply.Outcomes[0]; o.Result != transport.Granted {
		assert.Equal(p.t, messages.NoSeats, o.Reason)
		return
	}
	lease := reply.Outcomes[0].Lease
	if beat, err := p.session.Heartbeat(ctx, []messages.LeaseID{lease}); err != nil || len(beat.Ended) > 0 {
		p.t.Errorf("heartbeat: ended %v, error %v", beat.Ended, err)
	}
	if _, err := p.session.Checkin(ctx, []transport.Return{{Lease: lease}}); err != nil {
		p.t.Errorf("checkin: %v", err)
	}
}

// trySlices leaves it to the race detector to notice a transport that still reads what it was given when the call has
// returned: the slices are overwritten at once then.
func trySlices(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	ctx := p.context()
	for range 20 {
		take := p.take(f.Feature, 1, newRequest(), newRequest())
		takes := []transport.Take{take}
		replaces := slices.Clone(take.Replaces)
		reply, err := p.session.Checkout(ctx, takes)
		require.NoError(t, err)
		require.Equal(t, replaces, take.Replaces, "Checkout changed Replaces")
		require.Equal(t, []transport.Take{take}, takes, "Checkout changed its takes")
		clear(take.Replaces)
		clear(takes)

		lease := reply.Outcomes[0].Lease
		leases := []messages.LeaseID{lease, unknownLease()}
		named := slices.Clone(leases)
		beat, err := p.session.Heartbeat(ctx, leases)
		require.NoError(t, err)
		require.Equal(t, named, leases, "Heartbeat changed its leases")
		clear(leases)
		require.Equal(t, []transport.Ended{{Lease: named[1], Reason: messages.Unknown}}, beat.Ended)

		returns := []transport.Return{{Lease: lease}}
		_, err = p.session.Checkin(ctx, returns)
		require.NoError(t, err)
		require.Equal(t, []transport.Return{{Lease: lease}}, returns, "Checkin changed its returns")
		clear(returns)
	}
	p.free(f.Seats)
}

func tryRefusal(t *testing.T, f *Fixture) {
	needs(t, f.Refuse != nil, "Refuse")
	p := newProbe(t, f)
	f.Refuse()
	for _, c := range p.calls() {
		refusal := transport.AsRefusal(c.do(p.context(), p.session))
		if assert.NotNil(t, refusal, "%s: no *Refusal in the error", c.kind) {
			assert.NotEqual(t, messages.NoReason, refusal.Reason, "%s: a refusal without a reason", c.kind)
		}
	}
	session, err := f.Transport.Connect(p.context(), f.Address)
	assert.NotNil(t, transport.AsRefusal(err), "connect: no *Refusal in the error")
	assert.Nil(t, session)
}

// tryGoroutines opens so many sessions that one goroutine left by each stands out against what else goes on.
func tryGoroutines(t *testing.T, f *Fixture) {
	const sessions = 20
	useAndClose := func() {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		var client transport.Client
		client.Instance = newRequest()
		session, err := f.Transport.Connect(transport.WithClient(ctx, client), f.Address)
		require.NoError(t, err)
		_, err = session.Heartbeat(ctx, nil)
		require.NoError(t, err)
		require.NoError(t, session.Close())
	}
	useAndClose() // what is started once and for all is started now
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
