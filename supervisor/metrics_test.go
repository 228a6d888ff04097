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

// collected returns what a reader collects, as "name{value of each attribute} value".
func collected(s *stage, reader *sdk.ManualReader) map[string]float64 {
	s.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(s, reader.Collect(s.Context(), &all))
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

func TestMetricsTellOfFeaturesBeatsAndRecoveries(t *testing.T) {
	reader := sdk.NewManualReader()
	setup := func(s *stage) {
		s.config.MeterProvider = sdk.NewMeterProvider(sdk.WithReader(reader))
		s.config.DownLimit.Max = 10
	}
	onStage(t, 2, setup, func(s *stage) {
		s.checkout()
		s.checkout()
		s.untilBeaten(3)
		s.server(1).Down()
		s.untilLost(1)
		s.server(1).Up()
		s.pass(2 * time.Minute)
		points := collected(s, reader)
		assert.InDelta(s, 2, points["seatbeat.features Held"], 0)
		assert.InDelta(s, 1, points["seatbeat.heartbeats failed s1:1"], 0)
		assert.Greater(s, points["seatbeat.heartbeats good s1:1"], 3.0)
		assert.InDelta(s, 1, points["seatbeat.outages s1:1"], 0)
		assert.InDelta(s, 2, points["seatbeat.recoveries resumed"], 0)
		assert.Less(s, points["seatbeat.heartbeat.age s1:1"], 70.0)
	})
}

// Without a provider nothing is registered, and an event that is counted allocates nothing.
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
	onStage(t, 1, nil, func(s *stage) {
		system := newSystem()
		defer system.Shutdown()
		var told []string
		system.EventStream.Subscribe(func(e any) {
			if e, ok := e.(messages.Event); ok {
				told = append(told, messages.Name(e))
				panic("a subscriber of the host")
			}
		})
		c := s.config
		c.System, c.OnEvent = system, nil
		first, err := Start(s.Context(), c)
		require.NoError(s, err)
		second, err := Start(s.Context(), c)
		require.NoError(s, err, "two runtimes on one system don't collide")
		_, err = first.Checkout(s.Context(), messages.Checkout{Feature: "f2"})
		require.NoError(s, err)
		require.NoError(s, first.Close(s.Context()))
		require.NoError(s, second.Close(s.Context()))
		assert.Equal(s, []string{"CheckedOut", "CheckedIn"}, told)
		assertRuns(s, system)
	})
}

// assertRuns proves that an actor system still works.
func assertRuns(s *stage, system *actor.ActorSystem) {
	s.Helper()
	echo := system.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		if _, ok := c.Message().(string); ok {
			c.Respond("yes")
		}
	}))
	answer, err := system.Root.RequestFuture(echo, "alive?", time.Second).Result()
	require.NoError(s, err)
	assert.Equal(s, "yes", fmt.Sprint(answer))
	require.NoError(s, system.Root.StopFuture(echo).Wait())
}
