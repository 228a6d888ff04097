package grpctransport

import (
	"context"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// failed returns the error of a call: with a *transport.Refusal in it if the server refused, without if it was not
// reached.
func (s *session) failed(ctx context.Context, call string, err error) error {
	st, ok := status.FromError(err)
	if !ok {
		return fmt.Errorf("%s %s: %w", call, s.address, err)
	}
	refusal, fault := refusalIn(st)
	switch {
	case refusal != nil:
		return fmt.Errorf("%s %s: %w", call, s.address, refusal)
	case fault != nil:
		return fmt.Errorf("%s %s: %w", call, s.address, fault)
	}
	if ended := contextError(ctx, st.Code()); ended != nil {
		return fmt.Errorf("%s %s: %w: %s", call, s.address, ended, plain(st.Message()))
	}
	return fmt.Errorf("%s %s: %w", call, s.address, unreached{status: st, connecting: s.caller == nil})
}

// contextError returns why the context of a call ended, if that is why the call failed. The status of the call may be
// ahead of the context by a moment.
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

// refusalIn returns the refusal among the details of a status, if there is one, or what is wrong with it.
func refusalIn(st *status.Status) (*transport.Refusal, error) {
	for _, detail := range st.Details() {
		if r, ok := detail.(*wire.Refusal); ok {
			return refusalOf(r)
		}
	}
	return nil, nil
}
