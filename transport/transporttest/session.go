package transporttest

import (
	"context"
	"fmt"
	"sync"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// session implements transport.Session.
type session struct {
	endpoint *endpoint
	client   transport.Client
	number   uint64 // higher than that of every session connected before
	hello    transport.Hello

	closing sync.Once
	closed  chan struct{}
}

func (s *session) Hello() transport.Hello { return s.hello }

func (s *session) Checkout(ctx context.Context, takes []transport.Take) (transport.CheckoutReply, error) {
	reply, err := s.exchange(ctx, Call{Kind: Checkouts, Takes: takes})
	if err != nil {
		return transport.CheckoutReply{}, err
	}
	return transport.CheckoutReply{Hello: reply.Hello, Outcomes: reply.Outcomes}, nil
}

func (s *session) Heartbeat(ctx context.Context, leases []messages.LeaseID) (transport.HeartbeatReply, error) {
	reply, err := s.exchange(ctx, Call{Kind: Heartbeats, Leases: leases})
	if err != nil {
		return transport.HeartbeatReply{}, err
	}
	return transport.HeartbeatReply{Hello: reply.Hello, Ended: reply.Ended, NotBefore: reply.NotBefore}, nil
}

func (s *session) Checkin(ctx context.Context, returns []transport.Return) (transport.CheckinReply, error) {
	reply, err := s.exchange(ctx, Call{Kind: Checkins, Returns: returns})
	if err != nil {
		return transport.CheckinReply{}, err
	}
	return transport.CheckinReply{Hello: reply.Hello}, nil
}

func (s *session) Close() error {
	s.closing.Do(func() { close(s.closed) })
	return nil
}

// exchange sends one call and returns its answer, or an error that names the call.
func (s *session) exchange(ctx context.Context, call Call) (Reply, error) {
	call.Address, call.Client = s.endpoint.address, s.client
	answer := s.travel(ctx, call)
	if answer.err != nil {
		return Reply{}, fmt.Errorf("%s %s: %w", call.Kind, call.Address, answer.err)
	}
	return answer.reply, nil
}
