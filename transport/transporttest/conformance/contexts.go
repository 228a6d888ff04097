package conformance

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// contextPromises are about the end of a call that the server does not answer.
var contextPromises = []promise{
	{"AContextThatHasEndedIsHonoured", tryEndedContext},
	{"ADeadlineIsHonouredWhileTheServerHangs", tryDeadline},
	{"ACancelIsHonouredWhileTheServerHangs", tryCancel},
	{"CloseEndsTheCallsUnderWay", tryCloseEndsCalls},
}

func tryEndedContext(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	ctx, cancel := context.WithCancel(c.context())
	cancel()
	for _, call := range allCalls(c) {
		start(ctx, c, call).endsUnreached()
	}
	c.held() // the session still works
}

func tryDeadline(t *testing.T, f *Fixture) {
	needs(t, f.Freeze != nil, "Freeze")
	c := newClient(t, f)
	c.freeze()
	for _, call := range allCalls(c) {
		ctx, cancel := context.WithTimeout(c.context(), 50*time.Millisecond)
		start(ctx, c, call).endsUnreached()
		cancel()
	}
}

func tryCancel(t *testing.T, f *Fixture) {
	needs(t, f.Freeze != nil, "Freeze")
	c := newClient(t, f)
	c.freeze()
	for _, call := range allCalls(c) {
		ctx, cancel := context.WithCancel(c.context())
		running := start(ctx, c, call)
		running.hangs()
		cancel()
		running.endsUnreached()
	}
}

func tryCloseEndsCalls(t *testing.T, f *Fixture) {
	needs(t, f.Freeze != nil, "Freeze")
	c := newClient(t, f)
	c.freeze()
	ctx := c.context()
	var running []runningCall
	for _, call := range sessionCalls(c) {
		running = append(running, start(ctx, c, call))
	}
	for _, r := range running {
		r.hangs()
	}
	began := time.Now()
	require.NoError(t, c.session.Close())
	assert.Less(t, time.Since(began), soon, "Close waited for the network")
	for _, r := range running {
		r.endsUnreached()
	}
}
