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
	onStage(t, 2, attempts(3), func(s *stage) {
		s.checkout()
		s.checkout()
		s.server(1).Down()
		s.untilLost(1)
		text := s.rt.Status().String()
		assert.Equal(s, "s1:1: 2 features, 1 heartbeats failed in a row, 0 outages\nReconnecting: 2\n", text)
		s.server(1).Up()
	})
}

func TestStatusIsReadBackFromItsJSON(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.checkout()
		s.untilBeaten(1)
		status := s.rt.Status()
		text, err := json.Marshal(status)
		require.NoError(s, err)
		var back Status
		require.NoError(s, json.Unmarshal(text, &back))
		assert.Equal(s, map[messages.State]int{messages.StateHeld: 1}, back.Features)
		require.Len(s, back.Connections, 1)
		assert.Equal(s, status.Connections[0].Server, back.Connections[0].Server)
		assert.WithinDuration(s, status.Connections[0].LastBeat, back.Connections[0].LastBeat, 0)
		assert.Equal(s, 1, strings.Count(string(text), `"Held":1`))
	})
}

// States are counted as they change: what Status says adds up over every way that a checkout can go.
func TestStatusCountsEachCheckoutOnceWhateverHappensToIt(t *testing.T) {
	onStage(t, 2, attempts(1), func(s *stage) {
		counted := func() map[messages.State]int {
			s.pass(0)
			return s.rt.Status().Features
		}
		first, second := s.checkout(), s.checkout()
		assert.Equal(s, map[messages.State]int{messages.StateHeld: 2}, counted())
		require.NoError(s, first.Checkin(s.Context()))
		assert.Equal(s, map[messages.State]int{messages.StateHeld: 1}, counted())
		s.server(1).Down()
		s.until("failover", func() bool { return second.Status().Server.Address == "s2:1" })
		assert.Equal(s, map[messages.State]int{messages.StateHeld: 1}, counted())
		s.server(2).RevokeFeature("f2")
		<-second.Done()
		assert.Empty(s, counted())
		_, err := s.rt.Checkout(s.within(time.Minute), messages.Checkout{Feature: "nobody-has-it"})
		require.Error(s, err)
		assert.Empty(s, counted())
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
