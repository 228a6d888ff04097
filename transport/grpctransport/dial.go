package grpctransport

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"github.com/seatbeat/seatbeat/transport/wire"
)

// window of flow control, for a stream and for its connection: a few of the longest messages.
const window = 4 * wire.MaxMessage

// redial is how gRPC spaces its attempts to connect anew within a session. The runtime has a pace of its own, slower
// than this one: gRPC's must not make a call fail that could have been answered.
var redial = grpc.ConnectParams{
	Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
	MinConnectTimeout: 10 * time.Second,
}

func (c Config) options(d *dialer) []grpc.DialOption {
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(c.credentials()),
		grpc.WithContextDialer(d.dial),
		grpc.WithConnectParams(redial),
		grpc.WithDisableRetry(),
		grpc.WithDisableServiceConfig(),
		grpc.WithIdleTimeout(0),
		grpc.WithStaticStreamWindowSize(window),
		grpc.WithStaticConnWindowSize(window),
		grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(wire.MaxMessage),
			grpc.MaxCallSendMsgSize(wire.MaxMessage),
		),
	}
	if c.Keepalive > 0 {
		options = append(options, grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time: c.Keepalive, Timeout: c.KeepaliveTimeout, PermitWithoutStream: true,
		}))
	}
	return options
}

func (c Config) credentials() credentials.TransportCredentials {
	if c.Insecure {
		return insecure.NewCredentials()
	}
	config := &tls.Config{}
	if c.TLS != nil {
		config = c.TLS.Clone()
	}
	if config.MinVersion == 0 {
		config.MinVersion = tls.VersionTLS13
	}
	return credentials.NewTLS(config)
}

// dialer dials for one session and remembers the connection, so that Close can cut it: gRPC's own way to close says
// goodbye first and waits for that to be written, for seconds if the network swallows it.
type dialer struct {
	net net.Dialer

	mu     sync.Mutex
	closed bool
	open   net.Conn // the newest
}

func newDialer() *dialer { return &dialer{} }

func (d *dialer) dial(ctx context.Context, address string) (net.Conn, error) {
	conn, err := d.net.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	d.open = conn
	return conn, nil
}

// close cuts the connection and refuses to dial again.
func (d *dialer) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if d.open != nil {
		_ = d.open.Close()
	}
}
