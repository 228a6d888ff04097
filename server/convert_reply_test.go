package server

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
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
