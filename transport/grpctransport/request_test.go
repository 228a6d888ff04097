package grpctransport

import (
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

// largestTake returns a take whose message is as long as possible.
func largestTake() transport.Take {
	return transport.Take{
		Feature: strings.Repeat("f", messages.MaxFeatureName), Version: messages.V(messages.MaxVersion, messages.MaxVersion),
		Count: messages.MaxCount, Exact: true, Replaces: make([]messages.RequestID, transport.MaxReplaces),
	}
}

func TestPartsOfACheckoutFitIntoAMessage(t *testing.T) {
	for _, take := range []transport.Take{largestTake(), {Feature: "f", Count: 1}} {
		takes := make([]transport.Take, transport.MaxBatch)
		for i := range takes {
			takes[i] = take
		}
		text := strings.Repeat("x", wire.MaxLabel)
		rest, parts := takesTo(takes), 0
		for ; len(rest) > 0; parts++ {
			n := fitting(rest)
			message := &wire.CheckoutRequest{
				Caller: &wire.Caller{Instance: make([]byte, 16), Session: 1 << 63}, Takes: rest[:n], User: text, Host: text, Share: text,
			}
			require.LessOrEqual(t, proto.Size(message), wire.MaxMessage)
			if n < len(rest) {
				message.Takes = rest[:n+1]
				assert.Greater(t, proto.Size(message), wire.MaxMessage-1500, "the part could have been longer")
			}
			rest = rest[n:]
		}
		assert.LessOrEqual(t, parts, 4)
	}
}

func TestATakeOutOfBoundsIsSentAsATakeOutOfBounds(t *testing.T) {
	var w wire.Take
	takeTo(&transport.Take{
		Feature: "\xff", Version: messages.V(-1, 1<<40), Count: -1, Replaces: make([]messages.RequestID, 1000),
	}, &w)
	assert.Empty(t, w.GetFeature())
	assert.Greater(t, w.GetMajor(), uint32(messages.MaxVersion))
	assert.Greater(t, w.GetMinor(), uint32(messages.MaxVersion))
	assert.Greater(t, w.GetCount(), uint32(messages.MaxCount))
	assert.Len(t, w.GetReplaces(), 17*16)
}

func TestOnlyATakeAloneInItsCallWaits(t *testing.T) {
	waiting := transport.Take{Feature: "f", Count: 1, Wait: time.Hour}
	assert.Equal(t, uint32(transport.MaxWait/time.Millisecond), takesTo([]transport.Take{waiting})[0].GetWaitMs())
	for _, w := range takesTo([]transport.Take{waiting, waiting}) {
		assert.Zero(t, w.GetWaitMs())
	}
	waiting.Wait = time.Microsecond
	assert.Equal(t, uint32(1), takesTo([]transport.Take{waiting})[0].GetWaitMs())
	waiting.Wait = -1
	assert.Zero(t, takesTo([]transport.Take{waiting})[0].GetWaitMs())
}

func TestLabelsAreCutToWhatTheWireTakes(t *testing.T) {
	assert.Equal(t, "user", label("us\xffer"))
	assert.Len(t, label(strings.Repeat("ä", 200)), 256)
	assert.Len(t, label("x"+strings.Repeat("ä", 200)), 255)
}
