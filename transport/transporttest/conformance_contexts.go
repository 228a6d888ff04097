package transporttest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/transport"
)

var contextPromises = []promise{
	{"AContextThatHasEndedIsHonoured", tryEndedContext},
	{"ADeadlineIsHonouredWhileTheServerHangs", tryDeadline},
	{"ACancelIsHonouredWhileTheServerHangs", tryCancel},
	{"CloseEndsTheCallsUnderWay", tryCloseEndsCalls},
}

// everyCall returns one call of each kind, connecting anew included.
func (p *probe) everyCall() []call {
	return append(p.calls(), call{Connects, func(ctx context.Context, _ transport.Session) error {
		session, err := p.fixture.Transport.Connect(ctx, p.fixture.Address)
		if err == nil {
			_ = session.Close()
		}
		return err
	}})
}

// start makes a call on a goroutine of its own: a transport that hangs must not hang the suite.
func (p *probe) start(ctx context.Context, c call) <-chan error {
	result, session := make(chan error, 1), p.session
	go func() { result <- c.do(ctx, session) }()
	return result
}

func tryEndedContext(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	ctx, cancel := context.WithCancel(p.context())
	cancel()
	for _, c := range p.everyCall() {
		endsSoon(t, p.start(ctx, c), c.kind)
	}
	p.held() // the session bears it
}

func (p *probe) freeze() {
	p.fixture.Freeze()
	p.frozen = true
}

func tryDeadline(t *testing.T, f *Fixture) {
	needs(t, f.Freeze != nil, "Freeze")
	p := newProbe(t, f)
	p.freeze()
	for _, c := range p.everyCall() {
		ctx, cancel := context.WithTimeout(p.context(), 50*time.Millisecond)
		endsSoon(t, p.start(ctx, c), c.kind)
		cancel()
	}
}

func tryCancel(t *testing.T, f *Fixture) {
	needs(t, f.Freeze != nil, "Freeze")
	p := newProbe(t, f)
	p.freeze()
	for _, c := range p.everyCall() {
		ctx, cancel := context.WithCancel(p.context())
		result := p.start(ctx, c)
		stillHangs(t, result, c.kind)
		cancel()
		endsSoon(t, result, c.kind)
	}
}

func tryCloseEndsCalls(t *testing.T, f *Fixture) {
	needs(t, f.Freeze != nil, "Freeze")
	p := newProbe(t, f)
	p.freeze()
	ctx, calls := p.context(), p.calls()
	results := make([]<-chan error, len(calls))
	for i, c := range calls {
		results[i] = p.start(ctx, c)
	}
	for i, c := range calls {
		stillHangs(t, results[i], c.kind)
	}
	began := time.Now()
	require.NoError(t, p.session.Close())
	assert.Less(t, time.Since(began), soon, "Close waited for the network")
	for i, c := range calls {
		endsSoon(t, results[i], c.kind)
	}
}

// stillHangs gives a call time to be on its way, and claims that it is.
func stillHangs(t *testing.T, result <-chan error, of Kind) {
	t.Helper()
	select {
	case err := <-result:
		require.Fail(t, "the fixture's Freeze does not work", "%s returned %v", of, err)
	case <-time.After(20 * time.Millisecond):
	}
}

// endsSoon claims that a call ends now, as not reached.
func endsSoon(t *testing.T, result <-chan error, of Kind) {
	t.Helper()
	select {
	case err := <-result:
		unreached(t, err, of)
	case <-time.After(soon):
		require.Fail(t, "a call that should have ended hangs", "%s", of)
	}
}
