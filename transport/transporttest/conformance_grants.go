package transporttest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

var grantPromises = []promise{
	{"EveryReplyTellsWhoTheServerIs", tryHello},
	{"AGrantTellsLeaseAndVersion", tryGrant},
	{"SeatsAreGrantedAllOrNone", tryAllOrNone},
	{"AFeatureThatIsNotServedIsRefused", tryNoSuchFeature},
	{"VersionsUpToTheServedOneAreGranted", tryVersions},
	{"AnExactVersionIsGrantedOnlyIfServed", tryExact},
	{"TheTakesOfABatchAreIndependent", tryBatch},
	{"TheLargestBatchIsAnsweredInOrder", tryLargestBatch},
	{"ALocalGrantIsMarked", tryLocal},
}

func tryHello(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	// Each of these compares the Hello of its reply with that of the session.
	lease := p.granted(p.take(f.Feature, 1))
	p.held(lease)
	p.checkin(transport.Return{Lease: lease})
	assert.Equal(t, p.hello, p.session.Hello(), "Hello of the session has changed")
}

func tryGrant(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	take := p.take(f.Feature, 1)
	o := p.checkout(take)[0]
	require.Equal(t, transport.Granted, o.Result, "not granted: %s %s", o.Reason, o.Message)
	assert.NotZero(t, o.Lease)
	assert.Equal(t, f.Version, o.Version, "the version served, not the one asked for")
	assert.False(t, o.Local)
	assert.Equal(t, messages.NoReason, o.Reason)
}

func tryAllOrNone(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	p.refused(messages.NoSeats, p.take(f.Feature, f.Seats+1), "more seats than there are")
	p.granted(p.take(f.Feature, f.Seats))
	p.refused(messages.NoSeats, p.take(f.Feature, 1), "all seats are taken")
	newProbe(t, f).refused(messages.NoSeats, p.take(f.Feature, 1), "all seats are taken, for another client too")
}

func tryNoSuchFeature(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	p.refused(messages.NoSuchFeature, p.take("seatbeat-conformance-no-such-feature", 1), "nobody serves this")
}

func tryVersions(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	for _, c := range []struct {
		version messages.Version
		granted bool
	}{
		{messages.Version{}, true},
		{f.Version, true},
		{messages.V(f.Version.Major, f.Version.Minor+1), false},
		{messages.V(f.Version.Major+1, 0), false},
	} {
		take := p.take(f.Feature, 1)
		take.Version = c.version
		if !c.granted {
			p.refused(messages.VersionTooLow, take, "version "+c.version.String())
			continue
		}
		p.checkin(transport.Return{Lease: p.granted(take)})
	}
}

func tryExact(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	other := p.take(f.Feature, 1)
	other.Exact = true
	p.refused(messages.VersionTooLow, other, "exactly 0.0")
	served := p.take(f.Feature, 1)
	served.Exact, served.Version = true, f.Version
	p.granted(served)
}

func tryBatch(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	outcomes := p.checkout(
		p.take("seatbeat-conformance-no-such-feature", 1),
		p.take(f.Feature, f.Seats-1),
		p.take(f.Feature, f.Seats+1),
		p.take(f.Feature, 1),
		p.take(f.Feature, 1),
	)
	want := []struct {
		result transport.Result
		reason messages.Reason
	}{
		{transport.Refused, messages.NoSuchFeature},
		{transport.Granted, messages.NoReason},
		{transport.Refused, messages.NoSeats},
		{transport.Granted, messages.NoReason},
		{transport.Refused, messages.NoSeats},
	}
	for i, o := range outcomes {
		assert.Equal(t, want[i].result, o.Result, "take %d", i)
		assert.Equal(t, want[i].reason, o.Reason, "take %d", i)
	}
}

func tryLargestBatch(t *testing.T, f *Fixture) {
	needs(t, f.Plenty != "", "Plenty")
	p := newProbe(t, f)
	leases := p.grantMany(transport.MaxBatch)
	p.held(leases...)
}

// grantMany checks out so many leases of the plentiful feature, in batches as large as may be.
func (p *probe) grantMany(n int) []messages.LeaseID {
	p.t.Helper()
	leases := make([]messages.LeaseID, 0, n)
	distinct := make(map[messages.LeaseID]bool, n)
	for len(leases) < n {
		takes := make([]transport.Take, min(transport.MaxBatch, n-len(leases)))
		for i := range takes {
			takes[i] = p.take(p.fixture.Plenty, 1)
		}
		for i, o := range p.checkout(takes...) {
			require.Equal(p.t, transport.Granted, o.Result, "take %d: %s %s", i, o.Reason, o.Message)
			leases = append(leases, o.Lease)
			distinct[o.Lease] = true
		}
	}
	require.Len(p.t, distinct, n, "two grants with the same lease")
	return leases
}

func tryLocal(t *testing.T, f *Fixture) {
	needs(t, f.Local != "", "Local")
	p := newProbe(t, f)
	o := p.checkout(p.take(f.Local, 1))[0]
	require.Equal(t, transport.Granted, o.Result, "not granted: %s %s", o.Reason, o.Message)
	assert.True(t, o.Local)
}
