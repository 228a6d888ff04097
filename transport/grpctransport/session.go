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

// session is one client's session with one server. It implements transport.Session. Its fields do not change after
// connect.
type session struct {
	address transport.Address
	dialer  *dialer
	conn    *grpc.ClientConn
	seats   wire.SeatsClient
	hello   transport.Hello      // of the reply to Connect
	caller  *wire.Caller         // sent with every call
	client  *wire.ConnectRequest // its labels are sent with every checkout
}

// target is the address that gRPC gets. The dialer of the session has the real address: gRPC would read the address
// as a URL, where "%" means something else than in the address of a network interface.
const target = "passthrough:///licence-server"

// newSession returns a session that is not connected. It does not touch the network.
func newSession(address transport.Address, dialer *dialer, config Config) (*session, error) {
	conn, err := grpc.NewClient(target, config.options(dialer)...)
	if err != nil {
		return nil, err
	}
	return &session{address: address, dialer: dialer, conn: conn, seats: wire.NewSeatsClient(conn)}, nil
}

// connect opens the session with the server.
func (s *session) connect(ctx context.Context, client *wire.ConnectRequest) error {
	reply, err := s.seats.Connect(ctx, client)
	if err != nil {
		return s.failed(ctx, "connect", err)
	}
	if s.hello, err = helloOf(reply.GetHello()); err != nil {
		return s.failed(ctx, "connect", err)
	}
	s.caller = &wire.Caller{Instance: client.GetInstance(), Session: reply.GetSession()}
	s.client = client
	return nil
}

// Hello returns what the server reported when the session was opened.
func (s *session) Hello() transport.Hello { return s.hello }

// leaseBuffers has the buffers in which heartbeats pack their leases. A new buffer for each chunk took a fifth of the
// processor time that a client needs for a lease and heartbeat.
var leaseBuffers = sync.Pool{New: func() any { return new([]byte) }}

// Heartbeat renews leases.
func (s *session) Heartbeat(ctx context.Context, leases []messages.LeaseID) (transport.HeartbeatReply, error) {
	if len(leases) > transport.MaxLeases {
		return transport.HeartbeatReply{}, s.failed(ctx, "heartbeat", outOfBounds(len(leases), "leases", transport.MaxLeases))
	}
	ids := leaseBuffers.Get().(*[]byte)
	defer leaseBuffers.Put(ids) // gRPC has encoded the message when the call returns
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

// Checkout asks for seats. It sends the takes in as many parts as the bound on the length of a message requires.
func (s *session) Checkout(ctx context.Context, takes []transport.Take) (transport.CheckoutReply, error) {
	if len(takes) < 1 || len(takes) > transport.MaxBatch {
		return transport.CheckoutReply{}, s.failed(ctx, "checkout", outOfBounds(len(takes), "takes", transport.MaxBatch))
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

// checkout sends the next part of the takes and appends its outcomes to reply.
func (s *session) checkout(ctx context.Context, part []*wire.Take, takes []transport.Take, reply *transport.CheckoutReply) error {
	answer, err := s.seats.Checkout(ctx, &wire.CheckoutRequest{
		Caller: s.caller, Takes: part,
		User: s.client.GetUser(), Host: s.client.GetHost(), Share: s.client.GetShare(),
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
		return transport.CheckinReply{}, s.failed(ctx, "checkin", outOfBounds(len(returns), "returns", transport.MaxBatch))
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

// Close cuts the connection: calls under way fail as not reached. It does not block.
func (s *session) Close() error {
	s.dialer.close()
	_ = s.conn.Close() // fails only when the connection is closed already
	return nil
}

// failed returns the error of a call, with the name of the call and the address.
func (s *session) failed(ctx context.Context, call string, err error) error {
	return fmt.Errorf("%s %s: %w", call, s.address, callError(ctx, err, s.caller == nil))
}

func outOfBounds(n int, what string, bound int) error {
	return fmt.Errorf("%d %s in one call: at most %d are allowed", n, what, bound)
}
