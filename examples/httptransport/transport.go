package httptransport

import (
	"context"
	"fmt"
	"net"
	"net/http"

	"github.com/seatbeat/seatbeat/transport"
)

// Transport reaches licence servers over HTTP. The zero value is ready to use, holds nothing open, and is safe for
// concurrent use.
type Transport struct{}

var _ transport.Transport = Transport{}

// Connect opens a session with the server at "host:port". It blocks until the server has answered or ctx ends.
func (Transport) Connect(ctx context.Context, address transport.Address) (transport.Session, error) {
	if _, _, err := net.SplitHostPort(string(address)); err != nil {
		return nil, fmt.Errorf("connect %s: not of the form host:port: %w", address, err)
	}
	s := newSession(address)
	client := transport.ClientFrom(ctx)
	var reply connectReply
	hello, err := s.exchange(ctx, pathConnect, connectRequest{
		Instance: client.Instance, Name: client.Name, User: client.User, Host: client.Host, Share: client.Share,
	}, &reply, &reply.Hello)
	if err != nil {
		_ = s.Close() // an error leaves nothing open
		return nil, err
	}
	s.hello, s.caller = hello, caller{Instance: client.Instance, Session: reply.Session}
	return s, nil
}

// newSession returns a session with connections of its own: no proxy of the environment, no cache, nothing shared.
func newSession(address transport.Address) *session {
	alive, end := context.WithCancel(context.Background()) // the context of Connect does not bound the session
	pool := &http.Transport{DisableCompression: true, DialContext: func(ctx context.Context, network, host string) (net.Conn, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(alive, cancel)() // net/http would go on dialing after the call has ended
		return new(net.Dialer).DialContext(ctx, network, host)
	}}
	return &session{
		address: address, alive: alive, end: end, pool: pool,
		client: &http.Client{Transport: pool, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // following a redirect would repeat the call
		}},
	}
}
