package httptransport

import (
	"context"
	"fmt"
	"net"
	"net/http"

	"github.com/seatbeat/seatbeat/transport"
)

// Transport is the client side of the protocol. The zero value is ready to use, holds nothing open, and is safe for
// concurrent use.
type Transport struct{}

var _ transport.Transport = Transport{}

// Connect opens a session with the server at an address of the form "host:port". It blocks until the server has
// answered or ctx ends.
func (Transport) Connect(ctx context.Context, address transport.Address) (transport.Session, error) {
	if _, _, err := net.SplitHostPort(string(address)); err != nil {
		return nil, fmt.Errorf("connect %s: not of the form host:port: %w", address, err)
	}
	s := newSession(address)
	if err := s.connect(ctx, transport.ClientFrom(ctx)); err != nil {
		_ = s.Close() // an error leaves nothing open
		return nil, err
	}
	return s, nil
}

// newSession returns a session with connections of its own, which go to the address itself: no proxy, no redirect.
func newSession(address transport.Address) *session {
	open, end := context.WithCancel(context.Background()) // the context of Connect does not bound the session
	pool := &http.Transport{DisableCompression: true, DialContext: func(ctx context.Context, network, host string) (net.Conn, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(open, cancel)() // net/http goes on dialling after its call has ended
		return new(net.Dialer).DialContext(ctx, network, host)
	}}
	return &session{
		address: address, open: open, end: end, pool: pool,
		client: &http.Client{Transport: pool, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // following a redirect would repeat the call
		}},
	}
}
