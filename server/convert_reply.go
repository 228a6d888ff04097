package server

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// reasons are the wire's words for the reasons that a server gives.
var reasons = map[messages.Reason]wire.Reason{
	messages.NoSuchFeature:  wire.Reason_REASON_NO_SUCH_FEATURE,
	messages.NoSeats:        wire.Reason_REASON_NO_SEATS,
	messages.VersionTooLow:  wire.Reason_REASON_VERSION_TOO_LOW,
	messages.FeatureExpired: wire.Reason_REASON_FEATURE_EXPIRED,
	messages.Revoked:        wire.Reason_REASON_REVOKED,
	messages.Denied:         wire.Reason_REASON_DENIED,
	messages.Malformed:      wire.Reason_REASON_MALFORMED,
	messages.Busy:           wire.Reason_REASON_BUSY,
	messages.Draining:       wire.Reason_REASON_DRAINING,
	messages.RateLimited:    wire.Reason_REASON_RATE_LIMITED,
	messages.Unknown:        wire.Reason_REASON_UNKNOWN,
	messages.Expired:        wire.Reason_REASON_EXPIRED,
	messages.Replaced:       wire.Reason_REASON_REPLACED,
	messages.Returned:       wire.Reason_REASON_RETURNED,
}

// results are the wire's words for results.
var results = [...]wire.Result{
	granted: wire.Result_RESULT_GRANTED, refused: wire.Result_RESULT_REFUSED, gone: wire.Result_RESULT_GONE,
}

func helloOf(identity messages.Identity, clientTimeout time.Duration) *wire.Hello {
	return &wire.Hello{
		ServerId: identity.ServerID, BootId: identity.BootID, Epoch: identity.Epoch,
		ClientTimeoutMs: milliseconds(clientTimeout),
	}
}

// milliseconds rounds up, so that nothing positive becomes zero.
func milliseconds(d time.Duration) uint32 {
	return uint32((d + time.Millisecond - 1) / time.Millisecond)
}

func outcomesTo(in []outcome) []*wire.Outcome {
	all := make([]wire.Outcome, len(in))
	out := make([]*wire.Outcome, len(in))
	for i := range in {
		in[i].to(&all[i])
		out[i] = &all[i]
	}
	return out
}

func (o *outcome) to(w *wire.Outcome) {
	w.Result = results[o.result]
	if o.result == granted {
		w.Lease = o.lease[:]
		w.Major, w.Minor = uint32(o.version.Major), uint32(o.version.Minor)
		w.Overdraft = o.overdrawn
		return
	}
	w.Reason = reasons[o.reason]
	w.Message = o.message[:min(len(o.message), wire.MaxText)] // ours are ASCII: no rune is cut
	w.RetryAfterMs = milliseconds(o.retryAfter)
}

// endedTo packs ended leases and the reasons beside them.
func endedTo(gone []ended) (leases, why []byte) {
	for _, e := range gone {
		leases = append(leases, e.lease[:]...)
		why = append(why, byte(reasons[e.reason]))
	}
	return leases, why
}

// codesOf are the codes that refusals travel under, for people with a generic client; ours read the detail.
var codesOf = map[messages.Reason]codes.Code{
	messages.Denied:      codes.PermissionDenied,
	messages.Malformed:   codes.InvalidArgument,
	messages.Busy:        codes.ResourceExhausted,
	messages.RateLimited: codes.ResourceExhausted,
	messages.Draining:    codes.Unavailable,
}

// statusOf returns the status of a call that failed: with a wire.Refusal if that is the server's answer, without if
// there is none.
func (s *service) statusOf(err error) error {
	r, isRefusal := errors.AsType[*refusal](err)
	switch {
	case isRefusal:
		s.cfg.Logger.Debug("call refused", "reason", r.reason, "message", r.message, "retry_after", r.retryAfter)
		return r.status(s.hello)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return status.FromContextError(err).Err()
	default: // superseded, stopped, failed
		return status.Error(codes.Unavailable, err.Error())
	}
}

func (r *refusal) status(hello *wire.Hello) error {
	code, ok := codesOf[r.reason]
	if !ok {
		code = codes.FailedPrecondition
	}
	st, err := status.New(code, r.Error()).WithDetails(&wire.Refusal{
		Reason: reasons[r.reason], Message: r.message, RetryAfterMs: milliseconds(r.retryAfter), Hello: hello,
	})
	if err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	return st.Err()
}
