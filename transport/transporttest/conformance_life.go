package transporttest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

var lifePromises = []promise{
	{"ARestartIsToldByTheSameSession", tryRestart},
	{"LeasesAreResumedAfterARestart", tryResume},
	{"RequestsAreKnownAfterARestart", tryRequestsAfterRestart},
	{"AServerThatStoppedIsNotReached", tryStop},
}

// restart restarts the server, waits until the session has reached it again, and notes what it tells from now on.
func (p *probe) restart() {
	p.t.Helper()
	p.fixture.Restart()
	p.await(func() bool {
		ctx, cancel := context.WithTimeout(p.context(), soon)
		defer cancel()
		reply, err := p.session.Heartbeat(ctx, nil)
		if err != nil || reply.Identity.BootID == p.hello.Identity.BootID {
			return false
		}
		p.hello = reply.Hello
		return true
	}, 10*time.Millisecond, "the session never told of the restart")
}

func tryRestart(t *testing.T, f *Fixture) {
	needs(t, f.Restart != nil, "Restart")
	p := newProbe(t, f)
	before := p.hello.Identity
	p.restart()
	after := p.hello.Identity
	assert.True(t, after.Valid())
	assert.Equal(t, before.ServerID, after.ServerID, "the ledger is the same")
	assert.Greater(t, after.Epoch, before.Epoch)
	assert.Equal(t, before, p.session.Hello().Identity, "Hello of a session tells of the time when it was opened")
}

func tryResume(t *testing.T, f *Fixture) {
	needs(t, f.Restart != nil, "Restart")
	p := newProbe(t, f)
	lease := p.granted(p.take(f.Feature, 1))
	returned := p.granted(p.take(f.Feature, 1))
	p.checkin(transport.Return{Lease: returned})
	p.restart()
	p.held(lease)
	p.ended(messages.Returned, returned)
	p.free(f.Seats - 1)
}

func tryRequestsAfterRestart(t *testing.T, f *Fixture) {
	needs(t, f.Restart != nil, "Restart")
	p := newProbe(t, f)
	take, returned, cancelled := p.take(f.Feature, 1), p.take(f.Feature, 1), p.take(f.Feature, 1)
	lease := p.granted(take)
	p.granted(returned)
	p.checkin(transport.Return{Request: returned.Request}, transport.Return{Request: cancelled.Request})
	p.restart()
	assert.Equal(t, lease, p.granted(take))
	p.gone(messages.Returned, returned, "it was returned before the restart")
	p.gone(messages.Returned, cancelled, "it was cancelled before the restart")
	p.free(f.Seats - 1)
}

func tryStop(t *testing.T, f *Fixture) {
	needs(t, f.Stop != nil, "Stop")
	p := newProbe(t, f)
	f.Stop()
	for _, c := range p.everyCall() {
		ctx, cancel := context.WithTimeout(p.context(), time.Second)
		endsSoon(t, p.start(ctx, c), c.kind)
		cancel()
	}
}
