package supervisor

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
)

func TestStatusPrintsALineForEachConnectionAndState(t *testing.T) {
	withHarness(t, 2, attempts(3), func(h *harness) {
		h.checkout()
		h.checkout()
		h.server(1).Down()
		h.untilLost(1)
		text := h.rt.Status().String()
		assert.Equal(h, "s1:1: 2 features, 1 heartbeats failed in a row, 0 outages\nReconnecting: 2\n", text)
		h.server(1).Up()
	})
}

func TestStatusIsReadBackFromItsJSON(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.checkout()
		h.untilHeartbeats(1)
		status := h.rt.Status()
		text, err := json.Marshal(status)
		require.NoError(h, err)
		var back Status
		require.NoError(h, json.Unmarshal(text, &back))
		assert.Equal(h, map[messages.State]int{messages.StateHeld: 1}, back.Features)
		require.Len(h, back.Connections, 1)
		assert.Equal(h, status.Connections[0].Server, back.Connections[0].Server)
		assert.WithinDuration(h, status.Connections[0].LastBeat, back.Connections[0].LastBeat, 0)
		assert.Equal(h, 1, strings.Count(string(text), `"Held":1`))
	})
}

// States are counted when they change: the counts of Status must add up whatever happens to a checkout.
func TestStatusCountsEachCheckoutOnceWhateverHappensToIt(t *testing.T) {
	withHarness(t, 2, attempts(1), func(h *harness) {
		counted := func() map[messages.State]int {
			h.pass(0)
			return h.rt.Status().Features
		}
		first, second := h.checkout(), h.checkout()
		assert.Equal(h, map[messages.State]int{messages.StateHeld: 2}, counted())
		require.NoError(h, first.Checkin(h.Context()))
		assert.Equal(h, map[messages.State]int{messages.StateHeld: 1}, counted())
		h.server(1).Down()
		h.until("failover", func() bool { return second.Status().Server.Address == "s2:1" })
		assert.Equal(h, map[messages.State]int{messages.StateHeld: 1}, counted())
		h.server(2).RevokeFeature("f2")
		<-second.Done()
		assert.Empty(h, counted())
		_, err := h.rt.Checkout(h.within(time.Minute), messages.Checkout{Feature: "nobody-has-it"})
		require.Error(h, err)
		assert.Empty(h, counted())
	})
}

// BenchmarkStatus measures Status of a runtime that holds 100,000 features.
func BenchmarkStatus(b *testing.B) {
	rt, _ := startHollow(b, nil)
	hold(b, rt, 100_000)
	b.ReportAllocs()
	for b.Loop() {
		_ = rt.Status()
	}
	b.StopTimer()
	require.NoError(b, rt.Close(b.Context()))
}
