package grpctransport

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// The number of allocations does not depend on the speed of the machine. When it grows, explain why, or undo the
// change.

func TestPackingAChunkOfLeasesAgainAllocatesNothing(t *testing.T) {
	ids := make([]messages.LeaseID, transport.MaxLeases)
	out := packed(ids)
	assert.Zero(t, testing.AllocsPerRun(100, func() { out = appendPacked(out[:0], ids) }))
}

func TestReadingTheReplyToAGoodBeatAllocatesNothing(t *testing.T) {
	reply := &wire.HeartbeatReply{Hello: &wire.Hello{ServerId: "s", BootId: "b", Epoch: 1, ClientTimeoutMs: 300_000}}
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if _, err := heartbeatReplyOf(reply, transport.MaxLeases); err != nil {
			t.Error(err)
		}
	}))
}
