package httptransport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// errClosed is why a call fails after Close.
var errClosed = errors.New("session closed")

// session is one client's session with one server. It implements transport.Session. Its fields do not change after
// connect.
type session struct {
	address transport.Address
	client  *http.Client
	pool    *http.Transport // of client
	open    context.Context // ends with Close
	end     context.CancelFunc
	hello   transport.Hello
	key     id // sent with every call
}

// connect opens the session.
func (s *session) connect(ctx context.Context, client transport.Client) (err error) {
	var reply connectReply
	s.hello, err = s.exchange(ctx, pathConnect, wireClient(client), &reply, &reply.Hello)
	s.key = reply.Session
	return err
}

// Hello returns what the server reported when the session was opened.
func (s *session) Hello() transport.Hello { return s.hello }

// Checkout asks for seats.
func (s *session) Checkout(ctx context.Context, takes []transport.Take) (transport.CheckoutReply, error) {
	var reply checkoutReply
	hello, err := s.exchange(ctx, pathCheckout, checkoutRequest{s.key, wireTakes(takes)}, &reply, &reply.Hello)
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
	hello, err := s.exchange(ctx, pathHeartbeat, heartbeatRequest{s.key, convertIDs[id](leases)}, &reply, &reply.Hello)
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
	hello, err := s.exchange(ctx, pathCheckin, checkinRequest{s.key, wireReturns(returns)}, &reply, &reply.Hello)
	if err != nil {
		return transport.CheckinReply{}, err
	}
	return transport.CheckinReply{Hello: hello}, nil
}

// Close ends the calls under way and closes the connections. It does not block.
func (s *session) Close() error {
	s.end()
	s.pool.CloseIdleConnections() // a connection in use is closed with its call
	return nil
}

// exchange makes one call and decodes the answer into reply. It returns the Hello of the reply, to which inReply
// points. When the server refused, a *transport.Refusal is in the error; every other error means that the server was
// not reached.
func (s *session) exchange(ctx context.Context, path string, request, reply any, inReply *hello) (transport.Hello, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.open, func() { cancel(errClosed) })()
	if s.open.Err() != nil {
		return transport.Hello{}, s.failed(path, errClosed)
	}
	status, body, err := s.post(ctx, path, request)
	switch {
	case err != nil && ctx.Err() != nil:
		err = context.Cause(ctx) // clearer than the error of net/http
	case err != nil:
	case status == http.StatusOK:
		err = json.Unmarshal(body, reply)
	case status == http.StatusUnprocessableEntity:
		err = refusalOf(body)
	default:
		err = fmt.Errorf("status %d: not the answer of a license server", status)
	}
	if err != nil {
		return transport.Hello{}, s.failed(path, err)
	}
	hello, err := helloOf(*inReply)
	if err != nil {
		return transport.Hello{}, s.failed(path, err)
	}
	return hello, nil
}

// post sends a request and reads the whole answer, up to maxBody.
func (s *session) post(ctx context.Context, path string, request any) (status int, body []byte, err error) {
	text, err := json.Marshal(request)
	if err != nil {
		return 0, nil, err
	}
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+string(s.address)+path, bytes.NewReader(text))
	if err != nil {
		return 0, nil, err
	}
	answer, err := s.client.Do(post)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err = io.ReadAll(io.LimitReader(answer.Body, maxBody))
	return answer.StatusCode, body, err
}

// failed returns the error of a call, with the name of the call and the address.
func (s *session) failed(path string, err error) error {
	return fmt.Errorf("%s %s: %w", path[1:], s.address, err)
}
