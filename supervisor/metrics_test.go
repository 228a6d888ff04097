package supervisor

import (
	"fmt"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/seatbeat/seatbeat/messages"
)

// collected returns the metrics that a reader collects, by name and values of the attributes.
func collected(h *harness, reader *sdk.ManualReader) map[string]float64 {
	h.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(h, reader.Collect(h.Context(), &all))
	points := make(map[string]float64)
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				addPoints(points, m.Name, data.DataPoints)
			case metricdata.Gauge[int64]:
				addPoints(points, m.Name, data.DataPoints)
			case metricdata.Gauge[float64]:
				addPoints(points, m.Name, data.DataPoints)
			}
		}
	}
	return points
}

func addPoints[N int64 | float64](to map[string]float64, name string, points []metricdata.DataPoint[N]) {
	for _, p := range points {
		key := name
		for _, a := range p.Attributes.ToSlice() {
			key += " " + a.Value.String()
		}
		to[key] = float64(p.Value)
	}
}

func TestMetricsCountFeaturesBeatsAndRecoveries(t *testing.T) {
	reader := sdk.NewManualReader()
	setup := func(h *harness) {
		h.config.MeterProvider = sdk.NewMeterProvider(sdk.WithReader(reader))
		h.config.DownLimit.Max = 10
	}
	withHarness(t, 2, setup, func(h *harness) {
		h.checkout()
		h.checkout()
		h.untilHeartbeats(3)
		h.server(1).Down()
		h.untilLost(1)
		h.server(1).Up()
		h.pass(2 * time.Minute)
		points := collected(h, reader)
		assert.InDelta(h, 2, points["seatbeat.features Held"], 0)
		assert.InDelta(h, 1, points["seatbeat.heartbeats failed s1:1"], 0)
		assert.Greater(h, points["seatbeat.heartbeats good s1:1"], 3.0)
		assert.InDelta(h, 1, points["seatbeat.outages s1:1"], 0)
		assert.InDelta(h, 2, points["seatbeat.recoveries resumed"], 0)
		assert.Less(h, points["seatbeat.heartbeat.age s1:1"], 70.0)
	})
}

// Without a provider nothing is registered, and counting an event allocates nothing.
func TestMetricsCostNoAllocationWithoutAProvider(t *testing.T) {
	var r Runtime
	for _, e := range []messages.Event{
		messages.CheckoutSucceeded{Resumed: true}, messages.CheckoutSucceeded{}, messages.FailedOver{},
		messages.LicenseLost{}, messages.ConnectionLost{},
	} {
		assert.Zero(t, testing.AllocsPerRun(100, func() {
			_ = r.observe(nil)
			r.tally.count(e)
		}), messages.Name(e))
	}
	assert.Nil(t, r.unregister)
}

func TestEventsArePublishedOnTheHostsEventStream(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		system := newSystem()
		defer system.Shutdown()
		var told []string
		system.EventStream.Subscribe(func(e any) {
			if e, ok := e.(messages.Event); ok {
				told = append(told, messages.Name(e))
				panic("a subscriber of the host")
			}
		})
		c := h.config
		c.System, c.OnEvent = system, nil
		first, err := Start(h.Context(), c)
		require.NoError(h, err)
		second, err := Start(h.Context(), c)
		require.NoError(h, err, "two runtimes on one system don't collide")
		_, err = first.Checkout(h.Context(), messages.Checkout{Feature: "f2"})
		require.NoError(h, err)
		require.NoError(h, first.Close(h.Context()))
		require.NoError(h, second.Close(h.Context()))
		assert.Equal(h, []string{"CheckedOut", "CheckedIn"}, told)
		assertRuns(h, system)
	})
}

// assertRuns asserts that an actor system still works.
func assertRuns(h *harness, system *actor.ActorSystem) {
	h.Helper()
	echo := system.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		if _, ok := c.Message().(string); ok {
			c.Respond("yes")
		}
	}))
	answer, err := system.Root.RequestFuture(echo, "alive?", time.Second).Result()
	require.NoError(h, err)
	assert.Equal(h, "yes", fmt.Sprint(answer))
	require.NoError(h, system.Root.StopFuture(echo).Wait())
}
