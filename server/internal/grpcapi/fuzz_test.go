package grpcapi

import (
	"bytes"
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// Whatever arrives, the engine only meets values within the bounds of the protocol.

// newAllocator returns an allocator with so many seats of feature f, and a client of it.
func newAllocator(t require.TestingT, count int) (*seats.Allocator, *seats.Client) {
	limits := seats.Limits{
		Clients: 10, InFlight: 10, ClientLeases: 10_000, Leases: 100_000, Rate: 20_000, Burst: 4_000_000, ClientWaiting: 1, Waiting: 1,
		IdentityClients: 10, IdentityLeases: 100_000, IdentityWaiting: 1, IdentityRate: 20_000, IdentityBurst: 4_000_000,
	}
	clients := seats.NewClients(limits, time.Second)
	a := seats.New(seats.Config{
		Limits: limits, RetryAfter: time.Second, ClientTimeout: time.Minute,
		Features: []license.Feature{{Name: "f", Version: messages.V(1, 0), Seats: count}},
		Draw:     func(secret []byte) { _, _ = rand.Read(secret) },
	}, clients)
	c, err := clients.Enter(ledger.Holder{Identity: "c", Instance: [16]byte{1}}, 1, 0)
	require.NoError(t, err)
	return a, c
}

func FuzzCheckoutRequest(f *testing.F) {
	f.Add(marshalled(f, &wire.CheckoutRequest{
		Caller: &wire.Caller{Instance: bytes.Repeat([]byte{7}, 16), Session: 1},
		Takes: []*wire.Take{{
			Request: bytes.Repeat([]byte{1}, 16), Feature: "f", Major: 1, Count: 2, Exact: true,
			Replaces: bytes.Repeat([]byte{2}, 32),
		}},
	}))
	f.Fuzz(func(t *testing.T, message []byte) {
		var req wire.CheckoutRequest
		if proto.Unmarshal(message, &req) != nil {
			return
		}
		takes, err := takesOf(req.GetTakes())
		if err != nil {
			return
		}
		require.LessOrEqual(t, len(takes), wire.MaxBatch)
		a, c := newAllocator(t, 3)
		for _, take := range takes {
			if take.Fault == "" {
				checkBounds(t, take)
			}
			o := a.Take(c, take, 0)
			var w wire.Outcome
			outcomeTo(&w, &o)
			assert.NotZero(t, w.GetResult())
			assert.LessOrEqual(t, len(w.GetMessage()), wire.MaxText)
		}
		assert.LessOrEqual(t, a.Status()[0].Used, 3)
	})
}

func checkBounds(t *testing.T, take seats.Take) {
	t.Helper()
	assert.NotZero(t, take.Request)
	assert.LessOrEqual(t, len(take.Replaces), wire.MaxReplaces)
	assert.NotContains(t, take.Replaces, take.Request)
	assert.GreaterOrEqual(t, take.Count, 1)
	assert.NoError(t, messages.Checkout{Feature: take.Feature, Version: take.Version, Count: take.Count}.Validate())
}

func FuzzCheckinRequest(f *testing.F) {
	f.Add(marshalled(f, &wire.CheckinRequest{Leases: make([]byte, 32), Requests: bytes.Repeat([]byte{1}, 16)}))
	f.Fuzz(func(t *testing.T, message []byte) {
		var req wire.CheckinRequest
		if proto.Unmarshal(message, &req) != nil {
			return
		}
		leases, requests, err := returnsOf(&req)
		if err != nil {
			return
		}
		a, c := newAllocator(t, 3)
		a.Take(c, take(1, 1), 0)
		require.NoError(t, a.Checkin(c, leases, requests, 0))
		assert.LessOrEqual(t, a.Remembered(), 1+len(requests))
	})
}

func FuzzHeartbeat(f *testing.F) {
	a, c := newAllocator(f, 3)
	held := a.Take(c, take(1, 1), 0).Lease
	f.Add(held[:])
	f.Add(bytes.Repeat([]byte{0xff}, 64))
	f.Add(make([]byte, 64))
	f.Fuzz(func(t *testing.T, leases []byte) {
		if checkPacked(leases, maxBeat) != nil {
			return
		}
		for _, at := range a.Beat(c, leases, time.Second) {
			lease := messages.LeaseID(leases[at:])
			reason, isHeld := a.ReasonFor(c, lease)
			assert.False(t, isHeld)
			assert.Equal(t, messages.Unknown, reason)
			assert.NotEqual(t, held, lease)
		}
	})
}

func FuzzConnectRequest(f *testing.F) {
	f.Add(marshalled(f, &wire.ConnectRequest{Instance: bytes.Repeat([]byte{7}, 16), Name: "n", Host: "h"}))
	f.Fuzz(func(t *testing.T, message []byte) {
		var req wire.ConnectRequest
		if proto.Unmarshal(message, &req) != nil || checkLabels(req.GetName(), req.GetUser(), req.GetHost(), req.GetShare()) != nil {
			return
		}
		if instance, err := instanceOf(req.GetInstance()); err == nil {
			assert.NotZero(t, instance)
		}
	})
}

func marshalled(tb testing.TB, m proto.Message) []byte {
	tb.Helper()
	b, err := proto.Marshal(m)
	require.NoError(tb, err)
	return b
}
