package grpctransport

import (
	"crypto/tls"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"github.com/seatbeat/seatbeat/internal/faults"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// Defaults of a Config.
const (
	// DefaultKeepalive is shorter than the time after which a firewall forgets an idle connection, which is minutes.
	DefaultKeepalive = time.Minute
	// DefaultKeepaliveTimeout is far above any round trip, and below the deadline of a heartbeat.
	DefaultKeepaliveTimeout = 15 * time.Second
)

// maxMeant is the longest duration that a fault of a shorter one asks about.
const maxMeant = 24 * time.Hour

// flowWindow is the flow-control window of a stream and of its connection, in bytes: room for some messages of the
// greatest length.
const flowWindow = 4 * wire.MaxMessage

// reconnect is how gRPC paces its attempts to reconnect within a session. It is faster than the back-off of the
// runtime, so that no call of the runtime fails because gRPC still waits.
var reconnect = grpc.ConnectParams{
	Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
	MinConnectTimeout: 10 * time.Second,
}

// Config says how servers are reached. The zero value is TLS with the root certificates of the system and without a
// client certificate.
type Config struct {
	// TLS has the certificate of the client and the authorities of the servers. Nil means the root certificates of the
	// system and no client certificate. The certificate of a server must be for the host of its address, unless
	// ServerName is set. The lowest version is TLS 1.3, unless MinVersion is set. New keeps a copy.
	TLS *tls.Config
	// Files holds the same as TLS, read from files and read again when they change: see [LoadTLS]. With Files, TLS must
	// be nil.
	Files *TLS
	// Insecure turns TLS off: anybody on the network can read and use the leases. With Insecure, TLS and Files must be
	// nil.
	Insecure bool
	// Keepalive is the pause after which an idle connection is pinged, so that a dead connection is found and a
	// firewall does not forget a live one. Default 1m; at least 30s, because servers close connections that ping more
	// often. Negative turns pings off.
	Keepalive time.Duration
	// KeepaliveTimeout is how long a ping may stay unanswered before the connection, with every call on it, fails.
	// Default 15s; at least 1s.
	KeepaliveTimeout time.Duration
}

// Validate returns nil, or all faults of c joined, each a [*messages.FieldError] that names its field. Connect returns
// these faults, because New returns no error.
func (c Config) Validate() error {
	var found faults.List
	d := c.withDefaults()
	if d.Insecure && (d.TLS != nil || d.Files != nil) {
		found.Add("Insecure", "is set beside TLS or Files: choose one")
	}
	if d.TLS != nil && d.Files != nil {
		found.Add("Files", "is set beside TLS: choose one")
	}
	if d.Keepalive >= 0 && d.Keepalive < wire.MinKeepalive {
		found.Add("Keepalive", "is %s: must be at least %s, or negative for none%s", d.Keepalive, wire.MinKeepalive,
			faults.Meant(d.Keepalive, wire.MinKeepalive, maxMeant))
	}
	if d.KeepaliveTimeout < time.Second {
		found.Add("KeepaliveTimeout", "is %s: must be at least 1s%s", d.KeepaliveTimeout,
			faults.Meant(d.KeepaliveTimeout, time.Second, maxMeant))
	}
	return found.Err()
}

func (c Config) withDefaults() Config {
	if c.Keepalive == 0 {
		c.Keepalive = DefaultKeepalive
	}
	if c.KeepaliveTimeout == 0 {
		c.KeepaliveTimeout = DefaultKeepaliveTimeout
	}
	if c.TLS != nil {
		c.TLS = c.TLS.Clone()
	}
	return c
}

// options returns the options of the gRPC connection of one session. Everything that would repeat a call, or send it to
// another address, is off.
func (c Config) options(d *dialer) []grpc.DialOption {
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(c.credentials(d.host)),
		grpc.WithContextDialer(d.dial),
		grpc.WithUnaryInterceptor(d.watch),
		grpc.WithConnectParams(reconnect),
		grpc.WithDisableRetry(),
		grpc.WithDisableServiceConfig(),
		grpc.WithIdleTimeout(0),
		grpc.WithStaticStreamWindowSize(flowWindow),
		grpc.WithStaticConnWindowSize(flowWindow),
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

// credentials returns how a server is recognised that is dialled by the name or IP address of its host.
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
