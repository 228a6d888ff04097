package grpcapi

import (
	"context"
	"log/slog"
	"runtime/debug"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// errPanicked answers a call whose handler panicked, as if the server had not been reached.
var errPanicked = status.Error(codes.Internal, "internal error")

// recoverCall confines a panic to its call.
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

// recoverStream does the same for the streams of the health service, and ends them when the server stops.
func recoverStream(stopping context.Context, log *slog.Logger) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
		defer func() {
			if p := recover(); p != nil {
				log.Error("stream panicked", "method", info.FullMethod, "panic", p, "stack", string(debug.Stack()))
				err = errPanicked
			}
		}()
		ctx, cancel := context.WithCancel(stream.Context())
		defer cancel()
		defer context.AfterFunc(stopping, cancel)()
		return handler(srv, endingStream{stream, ctx})
	}
}

// endingStream is a stream whose context ends when the server stops.
type endingStream struct {
	grpc.ServerStream
	ctx context.Context
}

// Context returns the context of the stream.
func (s endingStream) Context() context.Context { return s.ctx }
