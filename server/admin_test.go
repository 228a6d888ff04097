package server

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/internal/engine"
	"github.com/seatbeat/seatbeat/server/license"
	"github.com/seatbeat/seatbeat/transport/wire"
)

func TestAnOperatorSeesAndEndsLeases(t *testing.T) {
	s, address, _ := serve(t, Config{Features: []license.Feature{{Name: "g", Seats: 1}, {Name: "f", Seats: 3}}})
	seats := plain(t, address)
	caller := connectRaw(t, seats)
	reply, err := seats.Checkout(t.Context(), &wire.CheckoutRequest{
		Caller: caller, Takes: []*wire.Take{{Request: caller.Instance, Feature: "f", Count: 2}},
	})
	require.NoError(t, err)
	lease := messages.LeaseID(reply.GetOutcomes()[0].GetLease())

	require.NoError(t, s.SetFeatures(t.Context(), []license.Feature{{Name: "g", Seats: 4}}))
	st, err := s.Status(t.Context())
	require.NoError(t, err)
	assert.WithinDuration(t, s.LicenseTime(), st.LicenseTime, time.Minute)
	assert.Equal(t, Status{
		LicenseTime: st.LicenseTime, Identity: s.Identity(), Clients: 1, Leases: 1,
		Features: []FeatureStatus{
			{Feature: license.Feature{Name: "f", Seats: 3}, Used: 2},
			{Feature: license.Feature{Name: "g", Seats: 4}, Listed: true},
		},
	}, st)

	assert.ErrorContains(t, s.End(t.Context(), lease, messages.NoSeats), "is no reason for which a lease ends")
	require.NoError(t, s.Revoke(t.Context(), lease))
	assert.ErrorIs(t, s.Revoke(t.Context(), lease), ErrNoLease)
	beat, err := seats.Heartbeat(t.Context(), &wire.HeartbeatRequest{Caller: caller, Leases: lease[:]})
	require.NoError(t, err)
	assert.Equal(t, []byte{byte(wire.Reason_REASON_REVOKED)}, beat.GetReasons())

	require.NoError(t, s.Stop(t.Context()))
	_, err = s.Status(t.Context())
	assert.ErrorIs(t, err, engine.ErrStopped)
}
