package supervisor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

func TestRule18_ARetryAfterOfAServerThatTookTheAddressIsHonoured(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.checkout()
		h.server(1).Replace()
		h.server(1).Refuse(&transport.Refusal{Reason: messages.Busy, RetryAfter: 90 * time.Second}, transporttest.Heartbeats)
		h.untilEvent("Replaced s1:1")
		refused := h.wire.Last(transporttest.Heartbeats).Sent
		h.pass(80*time.Second - time.Since(refused))
		for _, kind := range []transporttest.Kind{transporttest.Heartbeats, transporttest.Checkouts} {
			assert.False(h, h.wire.Last(kind).Sent.After(refused), "%s", kind)
		}
		h.server(1).ClearFaults()
		h.pass(time.Minute)
		assert.Equal(h, 1, h.server(1).Held("f2"))
	})
}
