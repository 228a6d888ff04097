package grpctransport

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"google.golang.org/grpc"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// session is one client's tie to one server.
type session struct {
	address transport.Address
	dialer  *dialer
	conn    *grpc.ClientConn
	seats   wire.SeatsClient
	hello   transport.Hello      // of Connect
	caller  *wire.Caller         // sent with every call; never changed
	said    *wire.ConnectRequest // what was said of the client; never changed
}

func (s *session) connect(ctx context.Context, req *wire.ConnectRequest) error {
	reply, err := s.seats.Connect(ctx, req)
	if err != nil {
		return s.failed(ctx, "connect", err)
	}
	if s.hello, err = helloOf(reply.GetHello()); err != nil {
		return s.failed(ctx, "connect", err)
	}
	s.caller = &wire.Caller{Instance: req.GetInstance(), Session: reply.GetSession()}
	s.said = req
	return nil
}

// Hello returns what the server said when the session was opened.
func (s *session) Hello() transport.Hello { return s.hello }

// beats keeps what heartbeats lay their leases out in. Memory that is new for each chunk was a fifth of the client's
// processor time for a lease and beat.
var beats = sync.Pool{New: func() any { return new([]byte) }}

// Heartbeat renews leases.
func (s *session) Heartbeat(ctx context.Context, leases []messages.LeaseID) (transport.HeartbeatReply, error) {
	if len(leases) > transport.MaxLeases {
		return transport.HeartbeatReply{}, s.failed(ctx, "heartbeat", tooMany(len(leases), "leases", transport.MaxLeases))
	}
	ids := beats.Get().(*[]byte)
	defer beats.Put(ids) // the call has encoded them when it returns
	*ids = appendPacked((*ids)[:0], leases)
	reply, err := s.seats.Heartbeat(ctx, &wire.HeartbeatRequest{Caller: s.caller, Leases: *ids})
	if err != nil {
		return transport.HeartbeatReply{}, s.failed(ctx, "heartbeat", err)
	}
	out, err := heartbeatReplyOf(reply, len(leases))
	if err != nil {
		return transport.HeartbeatReply{}, s.failed(ctx, "heartbeat", err)
	}
	return out, nil
}

// Checkout asks for seats, in as many parts as the length of a message demands.
func (s *session) Checkout(ctx context.Context, takes []transport.Take) (transport.CheckoutReply, error) {
	if len(takes) < 1 || len(takes) > transport.MaxBatch {
		return transport.CheckoutReply{}, s.failed(ctx, "checkout", tooMany(len(takes), "takes", transport.MaxBatch))
	}
	reply := transport.CheckoutReply{Outcomes: make([]transport.Outcome, 0, len(takes))}
	for rest := takesTo(takes); len(rest) > 0; {
		part := rest[:fitting(rest)]
		rest = rest[len(part):]
		if err := s.checkout(ctx, part, takes, &reply); err != nil {
			return transport.CheckoutReply{}, s.failed(ctx, "checkout", err)
		}
	}
	return reply, nil
}

// checkout sends the next part of takes and appends its outcomes to reply.
func (s *session) checkout(ctx context.Context, part []*wire.Take, takes []transport.Take, reply *transport.CheckoutReply) error {
	answer, err := s.seats.Checkout(ctx, &wire.CheckoutRequest{
		Caller: s.caller, Takes: part,
		User: s.said.GetUser(), Host: s.said.GetHost(), Share: s.said.GetShare(),
	})
	if err != nil {
		return err
	}
	hello, err := helloOf(answer.GetHello())
	if err != nil {
		return err
	}
	if len(reply.Outcomes) > 0 && hello.Identity != reply.Identity {
		return errors.New("the server changed between two parts of one call")
	}
	reply.Hello = hello
	done := len(reply.Outcomes)
	reply.Outcomes, err = appendOutcomes(reply.Outcomes, answer.GetOutcomes(), takes[done:done+len(part)])
	return err
}

// Checkin returns seats.
func (s *session) Checkin(ctx context.Context, returns []transport.Return) (transport.CheckinReply, error) {
	if len(returns) < 1 || len(returns) > transport.MaxBatch {
		return transport.CheckinReply{}, s.failed(ctx, "checkin", tooMany(len(returns), "returns", transport.MaxBatch))
	}
	leases, requests := returnsTo(returns)
	reply, err := s.seats.Checkin(ctx, &wire.CheckinRequest{Caller: s.caller, Leases: leases, Requests: requests})
	if err != nil {
		return transport.CheckinReply{}, s.failed(ctx, "checkin", err)
	}
	hello, err := helloOf(reply.GetHello())
	if err != nil {
		return transport.CheckinReply{}, s.failed(ctx, "checkin", err)
	}
	return transport.CheckinReply{Hello: hello}, nil
}

// Close cuts the connection. Calls under way fail as not reached.
func (s *session) Close() error {
	s.dialer.close()
	_ = s.conn.Close() // its one error is that it was closed before
	return nil
}

func tooMany(n int, what string, most int) error {
	return fmt.Errorf("%d %s in one call: at most %d are allowed", n, what, most)
}
