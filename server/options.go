package server

import (
	"context"
	"crypto/tls"
	"log/slog"
	"runtime/debug"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"github.com/seatbeat/seatbeat/transport/wire"
)

// Bounds of a connection.
const (
	// maxHeaders is far above what a client of ours sends.
	maxHeaders = 16 << 10
	// streamsPerConnection is how many calls one connection has under way; further ones wait in the client.
	streamsPerConnection = 512
	// window of flow control, for a stream and for its connection: a few of the longest messages.
	window = 4 * wire.MaxMessage
	// pingAfter and pingTimeout find a client that vanished without a word, to free its connection. Its leases are not
	// touched by it.
	pingAfter   = 2 * time.Minute
	pingTimeout = 20 * time.Second
)

// times bound how long a connection lives. A client that is asked to leave connects anew: it is told so before, what is
// under way is answered, and its leases are not touched.
type times struct {
	handshake time.Duration // who has not proved who it is by then is cut off
	idle      time.Duration // without a call: longer than between the heartbeats of most clients
	age       time.Duration // then the client has to prove anew who it is, to the authorities that count by now
	grace     time.Duration // for what is under way then: longer than any call, one that waits for seats included
}

var defaultTimes = times{handshake: 10 * time.Second, idle: 30 * time.Minute, age: time.Hour, grace: time.Minute}

// options are those of the gRPC server.
func (c Config) options() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.Creds(c.credentials()),
		grpc.MaxRecvMsgSize(wire.MaxMessage),
		grpc.MaxSendMsgSize(wire.MaxMessage),
		grpc.MaxHeaderListSize(maxHeaders),
		grpc.MaxConcurrentStreams(streamsPerConnection),
		grpc.ConnectionTimeout(c.times.handshake),
		grpc.StaticStreamWindowSize(window),
		grpc.StaticConnWindowSize(window),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{
			MinTime: wire.MinKeepalive * 2 / 3, PermitWithoutStream: true,
		}),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			Time: pingAfter, Timeout: pingTimeout,
			MaxConnectionIdle: c.times.idle, MaxConnectionAge: c.times.age, MaxConnectionAgeGrace: c.times.grace,
		}),
		grpc.UnaryInterceptor(recoverCall(c.Logger)),
		grpc.StreamInterceptor(recoverStream(c.Logger)),
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

// errPanicked answers a call whose handler panicked, as if the server had not been reached.
var errPanicked = status.Error(codes.Internal, "internal error")

// recoverCall makes a panic cost one call.
func recoverCall(log *slog.Logger) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (reply any, err error) {
		defer func() {
			if p := recover(); p != nil {
				log.Error("call panicked", "method", info.FullMethod, "panic", p, "stack", string(debug.Stack()))
				reply, err = nil, errPanicked
			}
		}()
		return handler(ctx, req)
	}
}

// recoverStream does the same for the streams of the health service.
func recoverStream(log *slog.Logger) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
		defer func() {
			if p := recover(); p != nil {
				log.Error("stream panicked", "method", info.FullMethod, "panic", p, "stack", string(debug.Stack()))
				err = errPanicked
			}
		}()
		return handler(srv, stream)
	}
}
