package grpctransport

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/wire"
)

func TestTheBoundsOfPortAndWireAreTheSame(t *testing.T) {
	assert.Equal(t, transport.MaxLeases, wire.MaxLeases)
	assert.Equal(t, transport.MaxBatch, wire.MaxBatch)
	assert.Equal(t, transport.MaxReplaces, wire.MaxReplaces)
	assert.Equal(t, transport.MaxWait, wire.MaxWait)
	assert.Equal(t, transport.KeepPlace, wire.KeepPlace)
	assert.Len(t, messages.LeaseID{}, wire.IDLength)
	assert.Len(t, messages.RequestID{}, wire.IDLength)
}

func TestAReplyThatBreaksTheProtocolIsNoAnswer(t *testing.T) {
	long := strings.Repeat("x", 65)
	for name, w := range map[string]*wire.Hello{
		"none": nil, "empty": {}, "no server": {BootId: "B", ClientTimeoutMs: 1}, "no boot": {ServerId: "S", ClientTimeoutMs: 1},
		"long server": {ServerId: long, BootId: "B", ClientTimeoutMs: 1}, "long boot": {ServerId: "S", BootId: long, ClientTimeoutMs: 1},
		"no timeout": {ServerId: "S", BootId: "B"},
	} {
		_, err := helloOf(w)
		assert.Error(t, err, name)
	}

	lease := bytes.Repeat([]byte{1}, 16)
	for name, w := range map[string]*wire.Outcome{
		"empty":                {},
		"unknown result":       {Result: 9, Lease: lease},
		"no lease":             {Result: wire.Result_RESULT_GRANTED},
		"a zero lease":         {Result: wire.Result_RESULT_GRANTED, Lease: make([]byte, 16)},
		"half a lease":         {Result: wire.Result_RESULT_GRANTED, Lease: lease[:8]},
		"absurd version":       {Result: wire.Result_RESULT_GRANTED, Lease: lease, Major: 1 << 31},
		"no reason":            {Result: wire.Result_RESULT_REFUSED},
		"unknown reason":       {Result: wire.Result_RESULT_REFUSED, Reason: 99},
		"no reason to refuse":  {Result: wire.Result_RESULT_REFUSED, Reason: wire.Reason_REASON_RETURNED},
		"gone without reason":  {Result: wire.Result_RESULT_GONE},
		"no reason for an end": {Result: wire.Result_RESULT_GONE, Reason: wire.Reason_REASON_NO_SEATS},
	} {
		_, err := outcomeOf(w)
		assert.Error(t, err, name)
	}
	for _, n := range []int{0, 2} {
		_, err := appendOutcomes(nil, make([]*wire.Outcome, n), make([]transport.Take, 1))
		assert.Error(t, err, "%d outcomes for one take", n)
	}

	for name, w := range map[string]*wire.HeartbeatReply{
		"no hello":        {},
		"half a lease":    {Hello: goodHello, Ended: lease[:8], Reasons: []byte{11}},
		"no reasons":      {Hello: goodHello, Ended: lease},
		"more than named": {Hello: goodHello, Ended: append(lease, lease...), Reasons: []byte{11, 11}},
		"no end":          {Hello: goodHello, Ended: lease, Reasons: []byte{2}},
		"unknown reason":  {Hello: goodHello, Ended: lease, Reasons: []byte{200}},
	} {
		_, err := heartbeatReplyOf(w, 1)
		assert.Error(t, err, name)
	}

	for name, w := range map[string]*wire.Refusal{
		"empty": {}, "unknown reason": {Reason: 99, Hello: goodHello}, "bad hello": {Reason: wire.Reason_REASON_BUSY, Hello: &wire.Hello{}},
	} {
		refusal, err := refusalOf(w)
		assert.Nil(t, refusal, name)
		assert.Error(t, err, name)
	}
}

func TestEveryReasonOfTheWireHasAMeaning(t *testing.T) {
	for number, name := range wire.Reason_name {
		_, known := reasons[wire.Reason(number)]
		assert.Equal(t, number != 0, known, name)
	}
}

func TestARefusalKeepsItsWordsAndItsTime(t *testing.T) {
	refusal, err := refusalOf(&wire.Refusal{
		Reason: wire.Reason_REASON_RATE_LIMITED, Message: "slowly", RetryAfterMs: 1500, Hello: goodHello,
	})
	require.NoError(t, err)
	assert.Equal(t, &transport.Refusal{
		Reason: messages.RateLimited, Message: "slowly", RetryAfter: 1500 * time.Millisecond,
		Hello: transport.Hello{
			Identity: messages.Identity{ServerID: "S1", BootID: "B1", Epoch: 1}, ClientTimeout: 5 * time.Minute,
		},
	}, refusal)
}

func TestTheLargestRepliesFitIntoAMessage(t *testing.T) {
	refused := &wire.Outcome{
		Result: wire.Result_RESULT_REFUSED, Reason: wire.Reason_REASON_RETURNED,
		Message: strings.Repeat("x", wire.MaxText), RetryAfterMs: 1<<32 - 1,
	}
	checkout := &wire.CheckoutReply{Hello: goodHello, Outcomes: make([]*wire.Outcome, wire.MaxBatch)}
	for i := range checkout.Outcomes {
		checkout.Outcomes[i] = refused
	}
	assert.Less(t, proto.Size(checkout), wire.MaxMessage)
	heartbeat := &wire.HeartbeatReply{
		Hello: goodHello, Ended: make([]byte, wire.MaxLeases*wire.IDLength), Reasons: make([]byte, wire.MaxLeases),
	}
	assert.Less(t, proto.Size(heartbeat), wire.MaxMessage)
}
