package grpctransport

import (
	"context"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// callError returns the error of a failed call: a *transport.Refusal when the server refused, another error when the
// server was not reached. The call is the first one of its session if connecting is true.
func callError(ctx context.Context, err error, connecting bool) error {
	st, ok := status.FromError(err)
	if !ok {
		return err
	}
	refusal, fault := refusalIn(st)
	switch {
	case refusal != nil:
		return refusal
	case fault != nil:
		return fault
	}
	if ended := contextError(ctx, st.Code()); ended != nil {
		return fmt.Errorf("%w: %s", ended, plain(st.Message()))
	}
	return unreached{status: st, connecting: connecting}
}

// contextError returns the error of the context when its end made the call fail. The status of the call may report the
// deadline a moment before the context does.
func contextError(ctx context.Context, code codes.Code) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case code == codes.DeadlineExceeded:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// refusalIn returns the refusal among the details of a status, nil when there is none. The error says what is wrong
// with a refusal that breaks the protocol.
func refusalIn(st *status.Status) (*transport.Refusal, error) {
	for _, detail := range st.Details() {
		if r, ok := detail.(*wire.Refusal); ok {
			return refusalOf(r)
		}
	}
	return nil, nil
}
