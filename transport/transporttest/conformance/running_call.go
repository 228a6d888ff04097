package conformance

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// call is one call of a session of which only the error matters.
type call struct {
	name string
	do   func(context.Context, transport.Session) error
}

// sessionCalls returns one call of each method of a session.
func sessionCalls(c *client) []call {
	take := c.take(c.fixture.Feature, 1)
	return []call{
		{"checkout", func(ctx context.Context, s transport.Session) error {
			_, err := s.Checkout(ctx, []transport.Take{take})
			return err
		}},
		{"heartbeat", func(ctx context.Context, s transport.Session) error {
			_, err := s.Heartbeat(ctx, []messages.LeaseID{unknownLease()})
			return err
		}},
		{"checkin", func(ctx context.Context, s transport.Session) error {
			_, err := s.Checkin(ctx, []transport.Return{{Request: take.Request}})
			return err
		}},
	}
}

// allCalls returns the calls of a session, and Connect.
func allCalls(c *client) []call {
	return append(sessionCalls(c), call{"connect", func(ctx context.Context, _ transport.Session) error {
		session, err := c.fixture.Transport.Connect(ctx, c.fixture.Address)
		if err == nil {
			_ = session.Close()
		}
		return err
	}})
}

// runningCall is a call on a goroutine of its own, so that a transport that hangs does not hang the suite.
type runningCall struct {
	t      *testing.T
	name   string
	result <-chan error
}

// start makes a call over the current session of the client.
func start(ctx context.Context, c *client, what call) runningCall {
	result, session := make(chan error, 1), c.session
	go func() { result <- what.do(ctx, session) }()
	return runningCall{t: c.t, name: what.name, result: result}
}

// hangs gives the call time to be sent, and asserts that it has not returned.
func (r runningCall) hangs() {
	r.t.Helper()
	select {
	case err := <-r.result:
		require.Fail(r.t, "the Freeze of the fixture does not work", "%s returned %v", r.name, err)
	case <-time.After(20 * time.Millisecond):
	}
}

// endsUnreached asserts that the call returns now, with an error that means that no server was reached.
func (r runningCall) endsUnreached() {
	r.t.Helper()
	select {
	case err := <-r.result:
		unreached(r.t, err, r.name)
	case <-time.After(soon):
		require.Fail(r.t, "a call hangs although it should have ended", "%s", r.name)
	}
}

// unreached asserts that err means that no server was reached.
func unreached(t *testing.T, err error, call string) {
	t.Helper()
	if assert.Error(t, err, call) {
		assert.Nil(t, transport.AsRefusal(err), "%s: a refusal although no server answered: %v", call, err)
	}
}
