package conformance

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// grantPromises are about the seats that a take is granted.
var grantPromises = []promise{
	{"EveryReplyCarriesTheIdentity", tryHello},
	{"AGrantHasALeaseAndAVersion", tryGrant},
	{"SeatsAreGrantedAllOrNone", tryAllOrNone},
	{"AFeatureThatIsNotServedIsRefused", tryNoSuchFeature},
	{"VersionsUpToTheServedOneAreGranted", tryVersions},
	{"AnExactVersionIsGrantedOnlyIfServed", tryExact},
	{"TheTakesOfABatchAreIndependent", tryBatch},
	{"TheLargestBatchIsAnsweredInOrder", tryLargestBatch},
	{"ALocalGrantIsMarked", tryLocal},
}

func tryHello(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	// Each call of the client compares the Hello of the reply with that of the session.
	lease := c.granted(c.take(f.Feature, 1))
	c.held(lease)
	c.checkin(transport.Return{Lease: lease})
	assert.Equal(t, c.hello, c.session.Hello(), "the Hello of the session has changed")
}

func tryGrant(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	take := c.take(f.Feature, 1)
	o := c.checkout(take)[0]
	require.Equal(t, transport.Granted, o.Result, "not granted: %s %s", o.Reason, o.Message)
	assert.NotZero(t, o.Lease)
	assert.Equal(t, f.Version, o.Version, "the version that the server serves, not the version of the take")
	assert.False(t, o.Local)
	assert.Equal(t, messages.NoReason, o.Reason)
}

func tryAllOrNone(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	c.refused(messages.NoSeats, c.take(f.Feature, f.Seats+1), "more seats than there are")
	c.granted(c.take(f.Feature, f.Seats))
	c.refused(messages.NoSeats, c.take(f.Feature, 1), "all seats are taken")
	newClient(t, f).refused(messages.NoSeats, c.take(f.Feature, 1), "all seats are taken, for another client too")
}

func tryNoSuchFeature(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	c.refused(messages.NoSuchFeature, c.take("seatbeat-conformance-no-such-feature", 1), "the server has no such feature")
}

func tryVersions(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	for _, try := range []struct {
		version messages.Version
		granted bool
	}{
		{messages.Version{}, true},
		{f.Version, true},
		{messages.V(f.Version.Major, f.Version.Minor+1), false},
		{messages.V(f.Version.Major+1, 0), false},
	} {
		take := c.take(f.Feature, 1)
		take.Version = try.version
		if !try.granted {
			c.refused(messages.VersionTooLow, take, "version "+try.version.String())
			continue
		}
		c.checkin(transport.Return{Lease: c.granted(take)})
	}
}

func tryExact(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	other := c.take(f.Feature, 1)
	other.Exact = true
	c.refused(messages.VersionTooLow, other, "exactly 0.0")
	served := c.take(f.Feature, 1)
	served.Exact, served.Version = true, f.Version
	c.granted(served)
}

func tryBatch(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	outcomes := c.checkout(
		c.take("seatbeat-conformance-no-such-feature", 1),
		c.take(f.Feature, f.Seats-1),
		c.take(f.Feature, f.Seats+1),
		c.take(f.Feature, 1),
		c.take(f.Feature, 1),
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
	c := newClient(t, f)
	leases := grantMany(c, transport.MaxBatch)
	c.held(leases...)
}

// grantMany checks out n leases of Fixture.Plenty, in batches of at most transport.MaxBatch.
func grantMany(c *client, n int) []messages.LeaseID {
	c.t.Helper()
	leases := make([]messages.LeaseID, 0, n)
	distinct := make(map[messages.LeaseID]bool, n)
	for len(leases) < n {
		takes := make([]transport.Take, min(transport.MaxBatch, n-len(leases)))
		for i := range takes {
			takes[i] = c.take(c.fixture.Plenty, 1)
		}
		for i, o := range c.checkout(takes...) {
			require.Equal(c.t, transport.Granted, o.Result, "take %d: %s %s", i, o.Reason, o.Message)
			leases = append(leases, o.Lease)
			distinct[o.Lease] = true
		}
	}
	require.Len(c.t, distinct, n, "two grants with the same lease")
	return leases
}

func tryLocal(t *testing.T, f *Fixture) {
	needs(t, f.Local != "", "Local")
	c := newClient(t, f)
	o := c.checkout(c.take(f.Local, 1))[0]
	require.Equal(t, transport.Granted, o.Result, "not granted: %s %s", o.Reason, o.Message)
	assert.True(t, o.Local)
}
