package transporttest

import (
	"context"
	"fmt"
	"sync"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// session is a session of one client at one address. It implements transport.Session.
type session struct {
	endpoint *endpoint
	client   transport.Client
	number   uint64          // higher than that of every session opened before
	hello    transport.Hello // of the reply to Connect
	server   *Server         // that answered Connect
	path     uint64          // of the server then: HalfOpen begins another one

	closing sync.Once
	closed  chan struct{}
}

// connect opens the session.
func (s *session) connect(ctx context.Context) error {
	s.server = s.endpoint.server.Load()
	s.path = s.server.path.Load()
	reply, err := s.send(ctx, Call{Kind: Connects})
	s.hello = reply.Hello
	return err
}

// Hello returns what the server reported when the session was opened.
func (s *session) Hello() transport.Hello { return s.hello }

// Checkout asks for seats.
func (s *session) Checkout(ctx context.Context, takes []transport.Take) (transport.CheckoutReply, error) {
	reply, err := s.send(ctx, Call{Kind: Checkouts, Takes: takes})
	if err != nil {
		return transport.CheckoutReply{}, err
	}
	return transport.CheckoutReply{Hello: reply.Hello, Outcomes: reply.Outcomes}, nil
}

// Heartbeat renews leases.
func (s *session) Heartbeat(ctx context.Context, leases []messages.LeaseID) (transport.HeartbeatReply, error) {
	reply, err := s.send(ctx, Call{Kind: Heartbeats, Leases: leases})
	if err != nil {
		return transport.HeartbeatReply{}, err
	}
	return transport.HeartbeatReply{Hello: reply.Hello, Ended: reply.Ended, NotBefore: reply.NotBefore}, nil
}

// Checkin returns seats.
func (s *session) Checkin(ctx context.Context, returns []transport.Return) (transport.CheckinReply, error) {
	reply, err := s.send(ctx, Call{Kind: Checkins, Returns: returns})
	if err != nil {
		return transport.CheckinReply{}, err
	}
	return transport.CheckinReply{Hello: reply.Hello}, nil
}

// Close ends the calls of the session. It does not block.
func (s *session) Close() error {
	s.closing.Do(func() { close(s.closed) })
	return nil
}

// send sends one call and returns the reply, or an error that names the call and the address.
func (s *session) send(ctx context.Context, call Call) (Reply, error) {
	call.Address, call.Client = s.endpoint.address, s.client
	answer := deliver(ctx, s, call)
	if answer.err != nil {
		return Reply{}, fmt.Errorf("%s %s: %w", call.Kind, call.Address, answer.err)
	}
	return answer.reply, nil
}

// halfOpen reports whether packets of the session vanish, see Server.HalfOpen.
func (s *session) halfOpen() bool { return s.path != s.server.path.Load() }

// usable returns an error when the session is closed or the context has ended.
func (s *session) usable(ctx context.Context) error {
	select {
	case <-s.closed:
		return ErrClosed
	default:
		return ctx.Err()
	}
}
