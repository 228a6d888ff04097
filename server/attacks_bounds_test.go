package server

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	"github.com/seatbeat/seatbeat/transport/wire"
)

// The session that a client claims must not move what other clients get.
func TestAClaimedSessionIsNobodyElsesMatter(t *testing.T) {
	underAttack(t, func(s *attackServer) {
		for _, session := range []uint64{1, 1 << 32, 1<<62 - 1, 1 << 62, 1<<62 + 1, math.MaxInt64, math.MaxUint64 - 1, math.MaxUint64} {
			a := s.client("attacker")
			a.caller.Session = session
			_, _ = a.seats.Heartbeat(t.Context(), &wire.HeartbeatRequest{Caller: a.caller})
			reply, err := a.seats.Connect(t.Context(), &wire.ConnectRequest{Instance: a.caller.GetInstance()})
			require.NoError(t, err)
			a.caller.Session = reply.GetSession()
			a.granted(takeOfOne("plenty")) // the instance itself goes on, too
			fresh := s.client("fresh")
			fresh.granted(takeOfOne("plenty"))
			assert.Less(t, fresh.caller.GetSession(), uint64(1<<33), "it counts from the epoch")
		}
	})
}

// One identity has a bounded number of streams open, over however many connections, and others have theirs.
func TestStreamsOfTheHealthServiceAreBoundedForAnIdentity(t *testing.T) {
	underAttack(t, func(s *attackServer) {
		watch := func(a attacker) error {
			stream, err := grpc_health_v1.NewHealthClient(a.conn).Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{})
			require.NoError(t, err)
			_, err = stream.Recv()
			return err
		}
		var refused error
		for range 20 {
			a := s.client("attacker")
			for range 10 {
				if err := watch(a); err != nil {
					refused = err
				}
			}
		}
		assert.Equal(t, codes.ResourceExhausted, status.Code(refused))
		assert.NoError(t, watch(s.client("other")))
	})
}

// Whatever a client puts into any field of any call, a fresh client gets a seat afterwards.
func TestNoValueOfAnyFieldKeepsAFreshClientFromItsSeat(t *testing.T) {
	underAttack(t, func(s *attackServer) {
		a := s.client("attacker")
		rapid.Check(t, func(r *rapid.T) {
			for range rapid.IntRange(1, 4).Draw(r, "calls") {
				a.callWithBounds(r)
			}
			s.client("fresh").granted(takeOfOne("plenty"))
		})
	})
}

// callWithBounds makes a call of which each field is what the protocol expects, or at a bound of its type.
func (a attacker) callWithBounds(r *rapid.T) {
	ctx, cancel := context.WithTimeout(a.t.Context(), 50*time.Millisecond) // a take may wait
	defer cancel()
	caller := &wire.Caller{Instance: a.caller.GetInstance(), Session: a.caller.GetSession()}
	instance := rapid.SampledFrom([][]byte{caller.GetInstance(), randomID()}).Draw(r, "instance")
	take := takeOfOne("plenty")
	take.WaitMs, take.Replaces = 1, randomID()
	switch rapid.IntRange(0, 3).Draw(r, "call") {
	case 0:
		_, _ = a.seats.Connect(ctx, withBounds(r, &wire.ConnectRequest{Instance: instance, Name: "n", User: "u", Host: "h", Share: "s"}))
	case 1:
		_, _ = a.seats.Checkout(ctx, withBounds(r, &wire.CheckoutRequest{Caller: caller, Takes: []*wire.Take{take}, User: "u"}))
	case 2:
		_, _ = a.seats.Heartbeat(ctx, withBounds(r, &wire.HeartbeatRequest{Caller: caller, Leases: randomID()}))
	case 3:
		_, _ = a.seats.Checkin(ctx, withBounds(r, &wire.CheckinRequest{Caller: caller, Leases: randomID(), Requests: take.GetRequest()}))
	}
}

// withBounds puts some fields of a message, and of the messages in it, at their bounds.
func withBounds[M proto.Message](r *rapid.T, message M) M {
	setBounds(r, message.ProtoReflect())
	return message
}

func setBounds(r *rapid.T, m protoreflect.Message) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		switch {
		case f.IsList() && f.Kind() == protoreflect.MessageKind:
			for i := range m.Get(f).List().Len() {
				setBounds(r, m.Get(f).List().Get(i).Message())
			}
		case f.Kind() == protoreflect.MessageKind:
			if m.Has(f) {
				setBounds(r, m.Get(f).Message())
			}
		case !f.IsList() && rapid.Bool().Draw(r, string(f.Name())):
			if v, ok := boundOf(r, f); ok {
				m.Set(f, v)
			}
		}
	}
}

func boundOf(r *rapid.T, f protoreflect.FieldDescriptor) (protoreflect.Value, bool) {
	name := "bound of " + string(f.Name())
	switch f.Kind() {
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		all := []uint32{0, 1, math.MaxUint16, math.MaxUint16 + 1, math.MaxInt32, math.MaxInt32 + 1, math.MaxUint32}
		return protoreflect.ValueOfUint32(rapid.SampledFrom(all).Draw(r, name)), true
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		all := []uint64{0, 1, 1 << 32, 1<<62 - 1, 1 << 62, 1<<62 + 1, math.MaxInt64, math.MaxUint64 - 1, math.MaxUint64}
		return protoreflect.ValueOfUint64(rapid.SampledFrom(all).Draw(r, name)), true
	case protoreflect.StringKind:
		all := []string{"", "x", string(make([]byte, wire.MaxLabel)), string(make([]byte, wire.MaxLabel+1))}
		return protoreflect.ValueOfString(rapid.SampledFrom(all).Draw(r, name)), true
	case protoreflect.BytesKind:
		all := []int{0, 1, 15, 16, 17, 32, 16 * wire.MaxReplaces, 16 * (wire.MaxReplaces + 1)}
		return protoreflect.ValueOfBytes(make([]byte, rapid.SampledFrom(all).Draw(r, name))), true
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true), true
	default:
		return protoreflect.Value{}, false
	}
}
