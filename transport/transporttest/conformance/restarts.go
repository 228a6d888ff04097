package conformance

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// restartPromises are about a server that restarts or stops.
var restartPromises = []promise{
	{"TheSameSessionReportsARestart", tryRestart},
	{"LeasesAreResumedAfterARestart", tryResume},
	{"RequestsAreKnownAfterARestart", tryRequestsAfterRestart},
	{"AServerThatStoppedIsNotReached", tryStop},
}

func tryRestart(t *testing.T, f *Fixture) {
	needs(t, f.Restart != nil, "Restart")
	c := newClient(t, f)
	before := c.hello.Identity
	c.restart()
	after := c.hello.Identity
	assert.True(t, after.Valid())
	assert.Equal(t, before.ServerID, after.ServerID, "the ledger is the same")
	assert.Greater(t, after.Epoch, before.Epoch)
	assert.Equal(t, before, c.session.Hello().Identity, "Hello of a session is that of the time when it was opened")
}

func tryResume(t *testing.T, f *Fixture) {
	needs(t, f.Restart != nil, "Restart")
	c := newClient(t, f)
	lease := c.granted(c.take(f.Feature, 1))
	returned := c.granted(c.take(f.Feature, 1))
	c.checkin(transport.Return{Lease: returned})
	c.restart()
	c.held(lease)
	c.ended(messages.Returned, returned)
	c.free(f.Seats - 1)
}

func tryRequestsAfterRestart(t *testing.T, f *Fixture) {
	needs(t, f.Restart != nil, "Restart")
	c := newClient(t, f)
	take, returned, cancelled := c.take(f.Feature, 1), c.take(f.Feature, 1), c.take(f.Feature, 1)
	lease := c.granted(take)
	c.granted(returned)
	c.checkin(transport.Return{Request: returned.Request}, transport.Return{Request: cancelled.Request})
	c.restart()
	assert.Equal(t, lease, c.granted(take))
	c.gone(messages.Returned, returned, "it was returned before the restart")
	c.gone(messages.Returned, cancelled, "it was cancelled before the restart")
	c.free(f.Seats - 1)
}

func tryStop(t *testing.T, f *Fixture) {
	needs(t, f.Stop != nil, "Stop")
	c := newClient(t, f)
	f.Stop()
	for _, call := range allCalls(c) {
		ctx, cancel := context.WithTimeout(c.context(), time.Second)
		start(ctx, c, call).endsUnreached()
		cancel()
	}
}
