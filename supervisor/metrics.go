package supervisor

import (
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// meterName is the instrumentation scope of the metrics.
const meterName = "github.com/seatbeat/seatbeat"

// tally counts events for the metrics when they are published, so that a slow subscriber does not change the counts. It is
// safe for concurrent use.
type tally struct {
	resumed, retaken, failovers, lost atomic.Int64
}

func (t *tally) count(e messages.Event) {
	switch e := e.(type) {
	case messages.CheckoutSucceeded:
		if e.Resumed {
			t.resumed.Add(1)
		} else {
			t.retaken.Add(1)
		}
	case messages.FailedOver:
		t.failovers.Add(1)
	case messages.LicenseLost:
		t.lost.Add(1)
	}
}

// instruments are the metrics of a runtime. They are observed when a reader collects them, and cost nothing in between.
type instruments struct {
	features   metric.Int64ObservableUpDownCounter
	heartbeats metric.Int64ObservableCounter
	age        metric.Float64ObservableGauge
	outages    metric.Int64ObservableGauge
	recoveries metric.Int64ObservableCounter
	failovers  metric.Int64ObservableCounter
	lost       metric.Int64ObservableCounter
	dropped    metric.Int64ObservableCounter
}

// newInstruments returns the instruments and a list of all of them.
func newInstruments(m metric.Meter) (i *instruments, all []metric.Observable, err error) {
	i = new(instruments)
	var first error
	add := func(o metric.Observable, err error) {
		if err != nil && first == nil {
			first = err
		}
		all = append(all, o)
	}
	i.features, err = m.Int64ObservableUpDownCounter("seatbeat.features", metric.WithUnit("{feature}"),
		metric.WithDescription("Checkouts that have not ended, by state."))
	add(i.features, err)
	i.heartbeats, err = m.Int64ObservableCounter("seatbeat.heartbeats", metric.WithUnit("{heartbeat}"),
		metric.WithDescription("Heartbeats of connections, by server and outcome."))
	add(i.heartbeats, err)
	i.age, err = m.Float64ObservableGauge("seatbeat.heartbeat.age", metric.WithUnit("s"),
		metric.WithDescription("Time since the last good heartbeat was sent, by server."))
	add(i.age, err)
	i.outages, err = m.Int64ObservableGauge("seatbeat.outages", metric.WithUnit("{outage}"),
		metric.WithDescription("Outages within the window of the limit, by server."))
	add(i.outages, err)
	i.recoveries, err = m.Int64ObservableCounter("seatbeat.recoveries", metric.WithUnit("{feature}"),
		metric.WithDescription("Checkouts that came back after a failure, resumed or retaken."))
	add(i.recoveries, err)
	i.failovers, err = m.Int64ObservableCounter("seatbeat.failovers", metric.WithUnit("{feature}"),
		metric.WithDescription("Checkouts that moved to another server."))
	add(i.failovers, err)
	i.lost, err = m.Int64ObservableCounter("seatbeat.licenses.lost", metric.WithUnit("{feature}"),
		metric.WithDescription("Checkouts that ended as lost, exited or unavailable."))
	add(i.lost, err)
	i.dropped, err = m.Int64ObservableCounter("seatbeat.events.dropped", metric.WithUnit("{event}"),
		metric.WithDescription("Events that slow subscribers missed."))
	add(i.dropped, err)
	return i, all, first
}

// collect observes everything. The provider's reader calls it on a goroutine of its own.
func (i *instruments) collect(r *Runtime, o metric.Observer) {
	for state, n := range r.env.States() {
		if s := messages.State(state); !s.Final() {
			o.ObserveInt64(i.features, int64(n), label("seatbeat.feature.state", s.String()))
		}
	}
	for _, link := range r.env.Connections() {
		if !link.Aliased() {
			i.collectLink(link, o)
		}
	}
	o.ObserveInt64(i.recoveries, r.tally.resumed.Load(), label("seatbeat.recovery.kind", "resumed"))
	o.ObserveInt64(i.recoveries, r.tally.retaken.Load(), label("seatbeat.recovery.kind", "retaken"))
	o.ObserveInt64(i.failovers, r.tally.failovers.Load())
	o.ObserveInt64(i.lost, r.tally.lost.Load())
	o.ObserveInt64(i.dropped, r.bus.Dropped())
}

func (i *instruments) collectLink(link *protocol.ConnectionRef, o metric.Observer) {
	server := attribute.String("server.address", link.Server().String())
	good, failed := link.Beats()
	o.ObserveInt64(i.heartbeats, good, metric.WithAttributes(server, attribute.String("seatbeat.heartbeat.outcome", "good")))
	o.ObserveInt64(i.heartbeats, failed, metric.WithAttributes(server, attribute.String("seatbeat.heartbeat.outcome", "failed")))
	o.ObserveInt64(i.outages, int64(link.Outages()), metric.WithAttributes(server))
	if at := link.LastBeat(); !at.IsZero() {
		o.ObserveFloat64(i.age, time.Since(at).Seconds(), metric.WithAttributes(server))
	}
}

func label(key, value string) metric.MeasurementOption {
	return metric.WithAttributes(attribute.String(key, value))
}
