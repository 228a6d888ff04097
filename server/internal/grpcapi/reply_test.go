package grpcapi

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/wire"
)

func TestNoPauseIsRoundedDownToNone(t *testing.T) {
	assert.Equal(t, uint32(0), milliseconds(0))
	assert.Equal(t, uint32(1), milliseconds(1))
	assert.Equal(t, uint32(2), milliseconds(1500*time.Microsecond))
}

func TestEveryReasonOfTheServerHasAWordOnTheWire(t *testing.T) {
	for reason := messages.NoSuchFeature; reason <= messages.Returned; reason++ {
		assert.NotZero(t, reasons[reason], reason)
	}
}

// A message for people is cut where it would be too long for a full batch: this one is not.
func TestADenialOfManySeatsFitsIntoAReply(t *testing.T) {
	a, c := newAllocator(t, 54_321)
	a.Take(c, take(1, 54_321), 0)
	assert.LessOrEqual(t, len(a.Take(c, take(2, 1234), 0).Message), wire.MaxText)
}

func TestAHeartbeatOfAWholeChunkIsWithinBounds(t *testing.T) {
	assert.NoError(t, checkPacked(make([]byte, wire.MaxLeases*wire.IDLength), maxBeat))
	assert.Error(t, checkPacked(make([]byte, (wire.MaxLeases+1)*wire.IDLength), maxBeat))
}

func take(request byte, count int) seats.Take {
	return seats.Take{Request: messages.RequestID{request}, Feature: "f", Version: messages.V(1, 0), Count: count}
}
