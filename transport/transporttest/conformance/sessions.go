package conformance

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// sessionPromises are about opening and closing sessions.
var sessionPromises = []promise{
	{"CloseMayBeCalledAgain", tryCloseTwice},
	{"CallsAfterCloseFailAsNotReached", tryCallsAfterClose},
	{"LeasesOutliveTheirSession", tryLeasesOutliveSession},
	{"ASecondConnectSupersedesTheFirst", trySupersede},
	{"TwoClientsDoNotSupersedeEachOther", tryTwoClients},
	{"TwoAddressesOfAServerShareItsLeases", tryAlias},
	{"TwoAddressesOfAServerShareOneSession", tryAliasSupersedes},
}

func tryCloseTwice(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	assert.NoError(t, c.session.Close())
	assert.NoError(t, c.session.Close())
	assert.Equal(t, c.hello, c.session.Hello())
}

func tryCallsAfterClose(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	require.NoError(t, c.session.Close())
	for _, call := range sessionCalls(c) {
		unreached(t, call.do(c.context(), c.session), call.name)
	}
}

func tryLeasesOutliveSession(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	take := c.take(f.Feature, 1)
	lease := c.granted(take)
	require.NoError(t, c.session.Close())
	c.reconnect(f.Address)
	c.held(lease)
	assert.Equal(t, lease, c.granted(take))
}

func trySupersede(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	lease := c.granted(c.take(f.Feature, 1))
	supersede(c, f.Address)
	c.held(lease)
	c.free(f.Seats - 1)
}

// supersede opens a further session of the client and asserts that calls over the previous one are not answered.
func supersede(c *client, address transport.Address) {
	c.t.Helper()
	previous := c.reconnect(address)
	for _, call := range sessionCalls(c) {
		unreached(c.t, call.do(c.context(), previous), call.name)
	}
	c.held() // a call over the previous session does not supersede the later one
}

func tryTwoClients(t *testing.T, f *Fixture) {
	one, other := newClient(t, f), newClient(t, f)
	one.held()
	other.held()
	one.held()
}

func tryAlias(t *testing.T, f *Fixture) {
	needs(t, f.Alias != "", "Alias")
	c := newClient(t, f)
	take := c.take(f.Feature, 1)
	lease := c.granted(take)
	c.reconnect(f.Alias)
	assert.Equal(t, c.hello, c.session.Hello(), "another server")
	c.held(lease)
	assert.Equal(t, lease, c.granted(take))
	c.checkin(transport.Return{Lease: lease})
	c.gone(messages.Returned, take, "returned at the other address")
}

func tryAliasSupersedes(t *testing.T, f *Fixture) {
	needs(t, f.Alias != "", "Alias")
	c := newClient(t, f)
	supersede(c, f.Alias)
	supersede(c, f.Address)
}
