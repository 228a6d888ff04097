package server

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/license"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// collected returns what a reader collects, as "name{value of each attribute} value".
func collected(t *testing.T, reader *sdk.ManualReader) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &all))
	points := make(map[string]int64)
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					key := m.Name
					for _, a := range p.Attributes.ToSlice() {
						key += " " + a.Value.AsString()
					}
					points[key] = p.Value
				}
			case metricdata.Gauge[float64]:
				points[m.Name] = int64(data.DataPoints[0].Value)
			case metricdata.Histogram[float64]:
				points[m.Name] = int64(data.DataPoints[0].Count)
			}
		}
	}
	return points
}

func TestMetricsTellOfSeatsDenialsBeatsAndClients(t *testing.T) {
	reader := sdk.NewManualReader()
	_, address, _ := serve(t, Config{
		MeterProvider: sdk.NewMeterProvider(sdk.WithReader(reader)),
		Features:      []license.Feature{{Name: "f", Version: messages.V(1, 0), Seats: 2, Overdraft: 1}, {Name: "g", Seats: 1}},
	})
	seats := plain(t, address)
	caller := connectRaw(t, seats)
	takes := []*wire.Take{takeOfOne("f"), takeOfOne("f"), takeOfOne("f"), takeOfOne("f"), takeOfOne("made up"), takeOfOne("made up too"), {}}
	reply, err := seats.Checkout(t.Context(), &wire.CheckoutRequest{Caller: caller, Takes: takes})
	require.NoError(t, err)
	leases := append(reply.GetOutcomes()[0].GetLease(), reply.GetOutcomes()[1].GetLease()...)
	_, err = seats.Heartbeat(t.Context(), &wire.HeartbeatRequest{Caller: caller, Leases: append(leases, make([]byte, wire.IDLength)...)})
	require.NoError(t, err)
	got := collected(t, reader)
	assert.Positive(t, got["seatbeat.commit.duration"])
	delete(got, "seatbeat.commit.duration")
	limits := 0
	for name, refused := range got {
		if strings.HasPrefix(name, "seatbeat.limits.refused ") {
			limits++
			assert.Zero(t, refused, name)
			delete(got, name)
		}
	}
	assert.Equal(t, 14, limits)
	assert.Equal(t, map[string]int64{
		"seatbeat.seats.licensed f": 2, "seatbeat.seats.used f": 3, "seatbeat.seats.overdrawn f": 1, "seatbeat.leases.expired f": 0,
		"seatbeat.seats.licensed g": 1, "seatbeat.seats.used g": 0, "seatbeat.seats.overdrawn g": 0, "seatbeat.leases.expired g": 0,
		"seatbeat.checkouts.denied f NoSeats": 1, "seatbeat.checkouts.denied  NoSuchFeature": 2, "seatbeat.audit.lost": 0, "seatbeat.checkouts.denied  Malformed": 1,
		"seatbeat.checkouts.waiting f": 0, "seatbeat.checkouts.waiting g": 0,
		"seatbeat.leases.beaten": 2, "seatbeat.clients": 1, "seatbeat.connections": 1,
		"seatbeat.clock.behind": 0,
	}, got)
}

func TestMetricsTellWhichLimitRefuses(t *testing.T) {
	reader := sdk.NewManualReader()
	_, address, _ := serve(t, Config{
		MeterProvider: sdk.NewMeterProvider(sdk.WithReader(reader)), Limits: Limits{ClientLeases: 1},
		Features: []license.Feature{{Name: "f", Version: messages.V(1, 0), Seats: 2}},
	})
	seats := plain(t, address)
	takes := []*wire.Take{takeOfOne("f"), takeOfOne("f")}
	_, err := seats.Checkout(t.Context(), &wire.CheckoutRequest{Caller: connectRaw(t, seats), Takes: takes})
	require.NoError(t, err)
	assert.EqualValues(t, 1, collected(t, reader)["seatbeat.limits.refused client_leases"])
}

func TestMetricsTellHowFarTheClockIsBehind(t *testing.T) {
	var set atomic.Int64
	reader := sdk.NewManualReader()
	s, _, _ := serve(t, Config{
		MeterProvider: sdk.NewMeterProvider(sdk.WithReader(reader)),
		wall:          func() time.Time { return time.Now().Add(-time.Duration(set.Load())) },
	})
	_, err := s.Status(t.Context())
	require.NoError(t, err)
	set.Store(int64(2 * time.Hour))
	assert.InDelta(t, 7200, collected(t, reader)["seatbeat.clock.behind"], 60)
}

// A reader may still collect after Stop, and then finds no metric of the server.
func TestStopEndsTheMetrics(t *testing.T) {
	reader := sdk.NewManualReader()
	s, _, _ := serve(t, Config{MeterProvider: sdk.NewMeterProvider(sdk.WithReader(reader))})
	assert.Contains(t, collected(t, reader), "seatbeat.clients")
	require.NoError(t, s.Stop(t.Context()))
	assert.NotContains(t, collected(t, reader), "seatbeat.clients")
}
