package grpcapi

import (
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/internal/engine"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// reasons are the reasons of the wire for the reasons of a server.
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

// results are the results of the wire.
var results = [...]wire.Result{
	seats.Granted: wire.Result_RESULT_GRANTED, seats.Refused: wire.Result_RESULT_REFUSED, seats.Gone: wire.Result_RESULT_GONE,
}

func helloOf(identity messages.Identity, clientTimeout time.Duration) *wire.Hello {
	return &wire.Hello{
		ServerId: identity.ServerID, BootId: identity.BootID, Epoch: identity.Epoch,
		ClientTimeoutMs: milliseconds(clientTimeout),
	}
}

// milliseconds rounds up, so that a positive duration never becomes zero.
func milliseconds(d time.Duration) uint32 {
	return uint32((d + time.Millisecond - 1) / time.Millisecond)
}

func outcomesTo(in []seats.Outcome) []*wire.Outcome {
	all := make([]wire.Outcome, len(in))
	out := make([]*wire.Outcome, len(in))
	for i := range in {
		outcomeTo(&all[i], &in[i])
		out[i] = &all[i]
	}
	return out
}

func outcomeTo(w *wire.Outcome, o *seats.Outcome) {
	w.Result = results[o.Result]
	if o.Result == seats.Granted {
		w.Lease = o.Lease[:]
		w.Major, w.Minor = uint32(o.Version.Major), uint32(o.Version.Minor)
		w.Overdraft = o.Overdrawn
		return
	}
	w.Reason = reasons[o.Reason]
	w.Message = o.Message[:min(len(o.Message), wire.MaxText)] // messages are ASCII: the cut splits no rune
	w.RetryAfterMs = milliseconds(o.RetryAfter)
}

// endedTo packs ended leases and, beside them, the reasons.
func endedTo(ended []engine.Ended) (leases, why []byte) {
	for _, e := range ended {
		leases = append(leases, e.Lease[:]...)
		why = append(why, byte(reasons[e.Reason]))
	}
	return leases, why
}

// codesOf are the gRPC codes of refusals, for people with a generic client. The clients of this project read the
// [wire.Refusal] in the details.
var codesOf = map[messages.Reason]codes.Code{
	messages.Denied:      codes.PermissionDenied,
	messages.Malformed:   codes.InvalidArgument,
	messages.Busy:        codes.ResourceExhausted,
	messages.RateLimited: codes.ResourceExhausted,
	messages.Draining:    codes.Unavailable,
}

// refusalStatus returns the status of a refused call.
func refusalStatus(r *seats.Refusal, hello *wire.Hello) error {
	code, ok := codesOf[r.Reason]
	if !ok {
		code = codes.FailedPrecondition
	}
	st, err := status.New(code, r.Error()).WithDetails(&wire.Refusal{
		Reason: reasons[r.Reason], Message: r.Message, RetryAfterMs: milliseconds(r.RetryAfter), Hello: hello,
	})
	if err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	return st.Err()
}
