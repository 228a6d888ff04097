package grpctransport

import (
	"crypto/tls"
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

// target is what gRPC is told to connect to. The dialer knows the real address: gRPC would read it as a URL, in which "%"
// means something else than in the address of an interface.
const target = "passthrough:///licence-server"

func (c Config) options(d *dialer) []grpc.DialOption {
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(c.credentials(d.host)),
		grpc.WithContextDialer(d.dial),
		grpc.WithUnaryInterceptor(d.watch),
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

// credentials returns how a server is recognised that is dialled by a host's name or IP address.
func (c Config) credentials(host string) credentials.TransportCredentials {
	switch {
	case c.Insecure:
		return insecure.NewCredentials()
	case c.Files != nil:
		return newHandshakes(host, c.Files.latest)
	default:
		return newHandshakes(host, func() *tls.Config { return c.TLS })
	}
}
