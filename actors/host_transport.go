package actors

import (
	"context"
	"time"

	"github.com/seatbeat/seatbeat/internal/hostcode"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// hostGrace is how long a call of the host's transport may go on after its context ended, and how long closing a session
// may take. A call that takes longer is abandoned.
const hostGrace = 500 * time.Millisecond

// hostTransport is the host's transport. Its calls end soon after their contexts, whatever the host's code does, and so do
// those of its sessions. Their errors are values of ours.
type hostTransport struct {
	transport.Transport
	guard *hostcode.Guard
}

func newHostTransport(t transport.Transport) *hostTransport {
	return &hostTransport{t, hostcode.New("the transport", hostGrace)}
}

// Connect opens a session. The session of a call that was abandoned is closed.
func (t *hostTransport) Connect(ctx context.Context, address messages.Address) (transport.Session, error) {
	return hostcode.Call(ctx, t.guard, func() (transport.Session, error) {
		session, err := t.Transport.Connect(ctx, address)
		if err != nil {
			return nil, newHostError(err) // a transport names the call itself
		}
		return &hostSession{session, t.guard, session.Hello()}, nil
	}, closeQuietly)
}

// hostSession is a session of the host's transport. Unlike the host's own type, a *hostSession can always be a key of a map.
type hostSession struct {
	transport.Session
	guard *hostcode.Guard
	hello transport.Hello
}

// Hello returns what the server reported when the session was opened.
func (s *hostSession) Hello() transport.Hello { return s.hello }

// Checkout calls the host's session.
func (s *hostSession) Checkout(ctx context.Context, takes []transport.Take) (transport.CheckoutReply, error) {
	return callHost(ctx, s.guard, func() (transport.CheckoutReply, error) { return s.Session.Checkout(ctx, takes) })
}

// Heartbeat calls the host's session.
func (s *hostSession) Heartbeat(ctx context.Context, leases []messages.LeaseID) (transport.HeartbeatReply, error) {
	return callHost(ctx, s.guard, func() (transport.HeartbeatReply, error) { return s.Session.Heartbeat(ctx, leases) })
}

// Checkin calls the host's session.
func (s *hostSession) Checkin(ctx context.Context, returns []transport.Return) (transport.CheckinReply, error) {
	return callHost(ctx, s.guard, func() (transport.CheckinReply, error) { return s.Session.Checkin(ctx, returns) })
}

// Close calls the host's session, and waits at most hostGrace for it.
func (s *hostSession) Close() error {
	atOnce, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := callHost(atOnce, s.guard, func() (struct{}, error) { return struct{}{}, s.Session.Close() })
	return err
}

// callHost makes a call whose late result does not matter.
func callHost[T any](ctx context.Context, g *hostcode.Guard, call func() (T, error)) (T, error) {
	return hostcode.Call(ctx, g, func() (T, error) {
		result, err := call()
		return result, newHostError(err)
	}, nil)
}

// hostError is what is kept of an error of the host's code: its text, and the refusal in it. The methods of the error itself
// are code of the host, which an actor must not call.
type hostError struct {
	text    string
	refusal *transport.Refusal // nil: the server did not refuse
}

// newHostError returns what is kept of err; nil of nil. It calls code of the host.
func newHostError(err error) error {
	if err == nil {
		return nil
	}
	return &hostError{text: err.Error(), refusal: transport.AsRefusal(err)}
}

func (e *hostError) Error() string { return e.text }

// As finds the refusal.
func (e *hostError) As(target any) bool {
	refusal, ok := target.(**transport.Refusal)
	if ok && e.refusal != nil {
		*refusal = e.refusal
		return true
	}
	return false
}
