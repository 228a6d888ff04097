package grpcapi

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"github.com/seatbeat/seatbeat/transport/wire"
)

// Bounds of a connection.
const (
	// maxHeaders is far above what a client of this project sends, in bytes.
	maxHeaders = 16 << 10
	// streamsPerConnection is how many calls one connection runs at a time. Further calls wait in the client.
	streamsPerConnection = 512
	// window is the flow control window of a stream and of its connection: a few of the longest messages.
	window = 4 * wire.MaxMessage
	// pingAfter and pingTimeout detect a client that vanished without closing its connection, to free the connection. Its
	// leases are not touched.
	pingAfter   = 2 * time.Minute
	pingTimeout = 20 * time.Second
)

// MaxIdentity is the length of the longest identity of a client, in bytes.
const MaxIdentity = 512

// Config is the configuration of the service and its connections. All fields are required, except TLS when Insecure is
// set.
type Config struct {
	ClientTimeout time.Duration
	TLS           *tls.Config
	Insecure      bool // serve without TLS: every client has the empty identity
	// Identify returns the identity of a client from its verified certificate.
	Identify func(*x509.Certificate) string
	// ProvenNames returns the user and the host that a verified certificate proves.
	ProvenNames func(*x509.Certificate) (user, host string)
	Times       Times
	Logger      *slog.Logger
	// Stopping ends when the server stops. It ends the streams of the health service, which have no end of their own.
	Stopping context.Context
}

// Times bound how long a connection lives. A client whose connection ends for its age is asked to connect again first,
// its running calls are answered, and its leases are not touched.
type Times struct {
	Handshake time.Duration // how long a client may take to authenticate itself
	Idle      time.Duration // how long without a call: longer than the interval of most clients
	Age       time.Duration // after this time the client has to authenticate itself again, to the authorities trusted at that time
	Grace     time.Duration // for calls that run when the age is reached: longer than any call, even a blocked call
}

// DefaultTimes are the times of a server.
var DefaultTimes = Times{Handshake: 10 * time.Second, Idle: 30 * time.Minute, Age: time.Hour, Grace: time.Minute}

// Options returns the options of the gRPC server of a service.
func (c Config) Options(s *Service) []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.Creds(watchedCredentials{c.credentials()}),
		grpc.MaxRecvMsgSize(wire.MaxMessage),
		grpc.MaxSendMsgSize(wire.MaxMessage),
		grpc.MaxHeaderListSize(maxHeaders),
		grpc.MaxConcurrentStreams(streamsPerConnection),
		grpc.ConnectionTimeout(c.Times.Handshake),
		grpc.StaticStreamWindowSize(window),
		grpc.StaticConnWindowSize(window),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{
			MinTime: wire.MinKeepalive * 2 / 3, PermitWithoutStream: true,
		}),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			Time: pingAfter, Timeout: pingTimeout,
			MaxConnectionIdle: c.Times.Idle, MaxConnectionAge: c.Times.Age, MaxConnectionAgeGrace: c.Times.Grace,
		}),
		grpc.UnaryInterceptor(recoverCall(c.Logger)),
		grpc.ChainStreamInterceptor(recoverStream(c.Stopping, c.Logger), s.LimitStream),
	}
}

func (c Config) credentials() credentials.TransportCredentials {
	if c.Insecure {
		return insecure.NewCredentials()
	}
	config := c.TLS.Clone()
	if config.MinVersion == 0 {
		config.MinVersion = tls.VersionTLS13
	}
	return credentials.NewTLS(config)
}
