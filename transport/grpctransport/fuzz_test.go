package grpctransport

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/status"
	rpcstatus "google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// Whatever a server sends, the runtime gets an error or values within the bounds of package transport.

var goodHello = &wire.Hello{ServerId: "S1", BootId: "B1", Epoch: 1, ClientTimeoutMs: 300_000}

func FuzzCheckoutReply(f *testing.F) {
	f.Add(marshalled(f, &wire.CheckoutReply{Hello: goodHello, Outcomes: []*wire.Outcome{
		{Result: wire.Result_RESULT_GRANTED, Lease: bytes.Repeat([]byte{1}, 16), Major: 1},
		{Result: wire.Result_RESULT_REFUSED, Reason: wire.Reason_REASON_NO_SEATS, Message: "all taken", RetryAfterMs: 5},
		{Result: wire.Result_RESULT_GONE, Reason: wire.Reason_REASON_RETURNED},
	}}))
	takes := make([]transport.Take, 3)
	f.Fuzz(func(t *testing.T, message []byte) {
		var w wire.CheckoutReply
		if proto.Unmarshal(message, &w) != nil {
			return
		}
		if hello, err := helloOf(w.GetHello()); err == nil {
			checkHello(t, hello)
		}
		outcomes, err := appendOutcomes(nil, w.GetOutcomes(), takes)
		if err != nil {
			return
		}
		require.Len(t, outcomes, len(takes))
		for _, o := range outcomes {
			checkOutcome(t, o)
		}
	})
}

func checkHello(t *testing.T, hello transport.Hello) {
	t.Helper()
	assert.True(t, hello.Identity.Valid())
	assert.Positive(t, hello.ClientTimeout)
}

func checkOutcome(t *testing.T, o transport.Outcome) {
	t.Helper()
	assert.GreaterOrEqual(t, o.RetryAfter, 0*o.RetryAfter)
	switch o.Result {
	case transport.Granted:
		assert.True(t, o.Local || o.Lease != messages.LeaseID{}, "a grant without a lease")
		assert.NoError(t, messages.Checkout{Feature: "f", Version: o.Version}.Validate())
	case transport.Refused, transport.Gone:
		assert.NotEqual(t, messages.NoReason, o.Reason)
		assert.NotContains(t, o.Reason.String(), "(")
	default:
		assert.Fail(t, "an outcome without a result")
	}
}

func FuzzHeartbeatReply(f *testing.F) {
	f.Add(marshalled(f, &wire.HeartbeatReply{
		Hello: goodHello, Ended: make([]byte, 32), Reasons: []byte{11, 12}, NotBeforeMs: 7,
	}), 2)
	f.Fuzz(func(t *testing.T, message []byte, named int) {
		var w wire.HeartbeatReply
		if proto.Unmarshal(message, &w) != nil {
			return
		}
		reply, err := heartbeatReplyOf(&w, named)
		if err != nil {
			return
		}
		checkHello(t, reply.Hello)
		assert.LessOrEqual(t, len(reply.Ended), named)
		assert.GreaterOrEqual(t, reply.NotBefore, 0*reply.NotBefore)
		for _, e := range reply.Ended {
			assert.NotEqual(t, messages.NoReason, e.Reason)
		}
	})
}

func FuzzStatus(f *testing.F) {
	f.Add(marshalled(f, statusWith(f, &wire.Refusal{Reason: wire.Reason_REASON_BUSY, RetryAfterMs: 1000, Hello: goodHello})))
	f.Add(marshalled(f, statusWith(f, &wire.Refusal{})))
	f.Add(marshalled(f, statusWith(f, goodHello)))
	f.Fuzz(func(t *testing.T, message []byte) {
		var w status.Status
		if proto.Unmarshal(message, &w) != nil {
			return
		}
		refusal, err := refusalIn(rpcstatus.FromProto(&w))
		if refusal == nil || err != nil {
			return
		}
		assert.NotEqual(t, messages.NoReason, refusal.Reason)
		if refusal.Hello != (transport.Hello{}) {
			checkHello(t, refusal.Hello)
		}
	})
}

func statusWith(tb testing.TB, detail proto.Message) *status.Status {
	tb.Helper()
	packed, err := anypb.New(detail)
	require.NoError(tb, err)
	return &status.Status{Code: 8, Message: "refused", Details: []*anypb.Any{packed}}
}

func marshalled(tb testing.TB, m proto.Message) []byte {
	tb.Helper()
	b, err := proto.Marshal(m)
	require.NoError(tb, err)
	return b
}
