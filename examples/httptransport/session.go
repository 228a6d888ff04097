package httptransport

import (
	"context"
	"fmt"
	"net/http"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// session is one client's tie to one server. All its fields are fixed once Connect has returned.
type session struct {
	address transport.Address
	client  *http.Client
	pool    *http.Transport
	alive   context.Context // ends with Close
	end     context.CancelFunc
	hello   transport.Hello
	caller  caller
}

// Hello returns what the server said when the session was opened.
func (s *session) Hello() transport.Hello { return s.hello }

// Checkout asks for seats.
func (s *session) Checkout(ctx context.Context, takes []transport.Take) (transport.CheckoutReply, error) {
	var reply checkoutReply
	hello, err := s.exchange(ctx, pathCheckout, checkoutRequest{s.caller, wireTakes(takes)}, &reply, &reply.Hello)
	if err != nil {
		return transport.CheckoutReply{}, err
	}
	outcomes, err := outcomesOf(reply.Outcomes, takes)
	if err != nil {
		return transport.CheckoutReply{}, s.failed(pathCheckout, err)
	}
	return transport.CheckoutReply{Hello: hello, Outcomes: outcomes}, nil
}

// Heartbeat renews leases.
func (s *session) Heartbeat(ctx context.Context, leases []messages.LeaseID) (transport.HeartbeatReply, error) {
	var reply heartbeatReply
	hello, err := s.exchange(ctx, pathHeartbeat, heartbeatRequest{s.caller, wireLeases(leases)}, &reply, &reply.Hello)
	if err != nil {
		return transport.HeartbeatReply{}, err
	}
	gone, err := endedOf(reply.Ended)
	if err != nil {
		return transport.HeartbeatReply{}, s.failed(pathHeartbeat, err)
	}
	return transport.HeartbeatReply{Hello: hello, Ended: gone, NotBefore: millis(reply.NotBefore)}, nil
}

// Checkin returns seats.
func (s *session) Checkin(ctx context.Context, returns []transport.Return) (transport.CheckinReply, error) {
	var reply checkinReply
	hello, err := s.exchange(ctx, pathCheckin, checkinRequest{s.caller, wireReturns(returns)}, &reply, &reply.Hello)
	if err != nil {
		return transport.CheckinReply{}, err
	}
	return transport.CheckinReply{Hello: hello}, nil
}

// Close ends the calls under way and closes the connections. It waits for nothing.
func (s *session) Close() error {
	s.end()
	s.pool.CloseIdleConnections() // those in use close with their call
	return nil
}

// failed names the call in an error, once.
func (s *session) failed(path string, err error) error {
	return fmt.Errorf("%s %s: %w", path[1:], s.address, err)
}
