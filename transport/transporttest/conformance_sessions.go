package transporttest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

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
	p := newProbe(t, f)
	assert.NoError(t, p.session.Close())
	assert.NoError(t, p.session.Close())
	assert.Equal(t, p.hello, p.session.Hello())
}

func tryCallsAfterClose(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	require.NoError(t, p.session.Close())
	for _, c := range p.calls() {
		unreached(t, c.do(p.context(), p.session), c.kind)
	}
}

func tryLeasesOutliveSession(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	take := p.take(f.Feature, 1)
	lease := p.granted(take)
	require.NoError(t, p.session.Close())
	p.session = p.connect(f.Address)
	p.held(lease)
	assert.Equal(t, lease, p.granted(take))
}

func trySupersede(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	lease := p.granted(p.take(f.Feature, 1))
	p.superseded(f.Address)
	p.held(lease)
	p.free(f.Seats - 1)
}

// superseded connects the client anew and claims that its session so far, which it leaves, is of no use any more.
func (p *probe) superseded(address transport.Address) {
	p.t.Helper()
	older := p.session
	p.session = p.connect(address)
	for _, c := range p.calls() {
		unreached(p.t, c.do(p.context(), older), c.kind)
	}
	p.held() // what the older session tried does not supersede the later one
}

func tryTwoClients(t *testing.T, f *Fixture) {
	one, other := newProbe(t, f), newProbe(t, f)
	one.held()
	other.held()
	one.held()
}

func tryAlias(t *testing.T, f *Fixture) {
	needs(t, f.Alias != "", "Alias")
	p := newProbe(t, f)
	take := p.take(f.Feature, 1)
	lease := p.granted(take)
	p.session = p.connect(f.Alias)
	assert.Equal(t, p.hello, p.session.Hello(), "another server")
	p.held(lease)
	assert.Equal(t, lease, p.granted(take))
	p.checkin(transport.Return{Lease: lease})
	p.gone(messages.Returned, take, "returned at the other address")
}

func tryAliasSupersedes(t *testing.T, f *Fixture) {
	needs(t, f.Alias != "", "Alias")
	p := newProbe(t, f)
	p.superseded(f.Alias)
	p.superseded(f.Address)
}
