package server

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// Whatever arrives, the engine only meets values within the bounds of the protocol.

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
		book := newBookStage(t, Config{Features: []Feature{{Name: "f", Version: messages.V(1, 0), Seats: 3}}})
		for _, take := range takes {
			if take.fault == "" {
				checkBounds(t, take)
			}
			var w wire.Outcome
			o := book.take(1, take)
			o.to(&w)
			assert.NotZero(t, w.GetResult())
			assert.LessOrEqual(t, len(w.GetMessage()), wire.MaxText)
		}
		_, p := book.book.pools.find("f")
		assert.LessOrEqual(t, p.used, 3)
	})
}

func checkBounds(t *testing.T, take take) {
	t.Helper()
	assert.NotZero(t, take.request)
	assert.LessOrEqual(t, len(take.replaces), wire.MaxReplaces)
	assert.NotContains(t, take.replaces, take.request)
	assert.GreaterOrEqual(t, take.count, 1)
	assert.NoError(t, messages.Checkout{Feature: take.feature, Version: take.version, Count: take.count}.Validate())
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
		book := newBookStage(t, Config{Features: []Feature{{Name: "f", Seats: 3}}})
		book.take(1, seats("f", 1))
		require.NoError(t, book.book.checkin(book.client(1), leases, requests, 0))
		book.commit()
		assert.LessOrEqual(t, book.book.tombs.len(), 1+len(requests))
	})
}

func FuzzHeartbeat(f *testing.F) {
	book := newBookStage(f, Config{Features: []Feature{{Name: "f", Version: messages.V(1, 0), Seats: 3}}})
	held := book.take(1, seats("f", 1)).lease
	f.Add(held[:])
	f.Add(bytes.Repeat([]byte{0xff}, 64))
	f.Add(make([]byte, 64))
	f.Fuzz(func(t *testing.T, leases []byte) {
		if checkPacked(leases, maxBeat) != nil {
			return
		}
		c := book.client(1)
		for _, at := range book.book.table.beat(c.index, leases, time.Second) {
			lease := messages.LeaseID(leases[at:])
			reason, isHeld := book.book.why(c, lease)
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
