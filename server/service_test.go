package server

import (
	"bytes"
	"crypto/x509"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"github.com/seatbeat/seatbeat/internal/testcert"
	"github.com/seatbeat/seatbeat/server/license"
	"github.com/seatbeat/seatbeat/transport/wire"
)

func TestMalformedCallsAreRefusedAsSuch(t *testing.T) {
	s, address, _ := serve(t, Config{})
	seats := plain(t, address)
	caller := connectRaw(t, seats)
	long := strings.Repeat("x", wire.MaxLabel+1)
	manyTakes := make([]*wire.Take, wire.MaxBatch+1)
	for i := range manyTakes {
		manyTakes[i] = &wire.Take{}
	}
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"no instance": func() error { _, err := seats.Connect(ctx, &wire.ConnectRequest{}); return err },
		"zero instance": func() error {
			_, err := seats.Connect(ctx, &wire.ConnectRequest{Instance: make([]byte, 16)})
			return err
		},
		"long label": func() error {
			_, err := seats.Connect(ctx, &wire.ConnectRequest{Instance: caller.Instance, Host: long})
			return err
		},
		"no caller": func() error { _, err := seats.Heartbeat(ctx, &wire.HeartbeatRequest{}); return err },
		"no session": func() error {
			_, err := seats.Heartbeat(ctx, &wire.HeartbeatRequest{Caller: &wire.Caller{Instance: caller.Instance}})
			return err
		},
		"absurd session": func() error {
			_, err := seats.Heartbeat(ctx, &wire.HeartbeatRequest{Caller: &wire.Caller{Instance: caller.Instance, Session: 1 << 63}})
			return err
		},
		"half a lease": func() error {
			_, err := seats.Heartbeat(ctx, &wire.HeartbeatRequest{Caller: caller, Leases: make([]byte, 15)})
			return err
		},
		"too many leases": func() error {
			_, err := seats.Heartbeat(ctx, &wire.HeartbeatRequest{Caller: caller, Leases: make([]byte, 4097*16)})
			return err
		},
		"no takes": func() error { _, err := seats.Checkout(ctx, &wire.CheckoutRequest{Caller: caller}); return err },
		"too many takes": func() error {
			_, err := seats.Checkout(ctx, &wire.CheckoutRequest{Caller: caller, Takes: manyTakes})
			return err
		},
		"half a return": func() error {
			_, err := seats.Checkin(ctx, &wire.CheckinRequest{Caller: caller, Leases: make([]byte, 17)})
			return err
		},
		"half a request": func() error {
			_, err := seats.Checkin(ctx, &wire.CheckinRequest{Caller: caller, Requests: make([]byte, 17)})
			return err
		},
		"a zero request": func() error {
			_, err := seats.Checkin(ctx, &wire.CheckinRequest{Caller: caller, Requests: make([]byte, 16)})
			return err
		},
		"too many returns": func() error {
			_, err := seats.Checkin(ctx, &wire.CheckinRequest{Caller: caller, Leases: make([]byte, 1025*16)})
			return err
		},
		"too many cancelled": func() error {
			_, err := seats.Checkin(ctx, &wire.CheckinRequest{Caller: caller, Requests: make([]byte, 1025*16)})
			return err
		},
	} {
		r := refusalIn(call())
		if assert.NotNil(t, r, name) {
			assert.Equal(t, wire.Reason_REASON_MALFORMED, r.GetReason(), name)
			assert.Equal(t, s.Identity().BootID, r.GetHello().GetBootId(), name)
		}
	}
}

func TestAMalformedTakeDoesNotSpoilTheOthers(t *testing.T) {
	_, address, _ := serve(t, Config{Features: []license.Feature{{Name: "f", Seats: 1}}})
	seats := plain(t, address)
	good := func() *wire.Take { return &wire.Take{Request: bytes.Repeat([]byte{1}, 16), Feature: "f", Count: 1} }
	takes := []*wire.Take{good()}
	for _, spoil := range []func(*wire.Take){
		func(w *wire.Take) { w.Request = nil },
		func(w *wire.Take) { w.Request = make([]byte, 16) },
		func(w *wire.Take) { w.Request = w.Request[1:] },
		func(w *wire.Take) { w.Feature = "" },
		func(w *wire.Take) { w.Feature = "f\n" },
		func(w *wire.Take) { w.Feature = strings.Repeat("f", 129) },
		func(w *wire.Take) { w.Count = 0 },
		func(w *wire.Take) { w.Count = 1_000_001 },
		func(w *wire.Take) { w.Count = 1<<32 - 1 },
		func(w *wire.Take) { w.Major = 10_000 },
		func(w *wire.Take) { w.Minor = 1<<32 - 1 },
		func(w *wire.Take) { w.Replaces = make([]byte, 15) },
		func(w *wire.Take) { w.Replaces = bytes.Repeat([]byte{2}, 17*16) },
		func(w *wire.Take) { w.Replaces = make([]byte, 16) },
		func(w *wire.Take) { w.Replaces = w.Request },
	} {
		w := good()
		spoil(w)
		takes = append(takes, w)
	}
	reply, err := seats.Checkout(t.Context(), &wire.CheckoutRequest{Caller: connectRaw(t, seats), Takes: takes})
	require.NoError(t, err)
	assert.Equal(t, wire.Result_RESULT_GRANTED, reply.GetOutcomes()[0].GetResult())
	for i, o := range reply.GetOutcomes()[1:] {
		assert.Equal(t, wire.Reason_REASON_MALFORMED, o.GetReason(), "spoilt take %d", i)
	}
}

func TestAMessageThatIsTooLongHurtsNobodyElse(t *testing.T) {
	_, address, _ := serve(t, Config{})
	seats := plain(t, address)
	caller := connectRaw(t, seats)
	_, err := seats.Heartbeat(t.Context(), &wire.HeartbeatRequest{Caller: caller, Leases: make([]byte, wire.MaxMessage)})
	assert.Equal(t, codes.ResourceExhausted, status.Code(err))
	assert.Nil(t, refusalIn(err))
	_, err = seats.Heartbeat(t.Context(), &wire.HeartbeatRequest{Caller: caller})
	assert.NoError(t, err)
}

func TestAPanicCostsOneCall(t *testing.T) {
	var log syncBuffer
	panics := true
	authority := testcert.New(t)
	config := Config{TLS: authority.Server(), Logger: slog.New(slog.NewTextHandler(&log, nil))}
	config.Identify = func(cert *x509.Certificate) string {
		if panics {
			panic("a defect")
		}
		return Identify(cert)
	}
	_, address, _ := serve(t, config)
	seats := wire.NewSeatsClient(dial(t, address, credentials.NewTLS(authority.Client("c", ""))))
	_, err := seats.Connect(t.Context(), &wire.ConnectRequest{Instance: []byte("sixteen bytes ok")})
	assert.Equal(t, codes.Internal, status.Code(err))
	assert.Nil(t, refusalIn(err))
	assert.Eventually(t, func() bool { return strings.Contains(log.String(), "a defect") }, 10*time.Second, time.Millisecond)
	panics = false
	connectRaw(t, seats)
}
