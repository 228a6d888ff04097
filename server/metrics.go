package server

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/internal/engine"
	"github.com/seatbeat/seatbeat/server/internal/grpcapi"
)

// meterName is the instrumentation scope of the server's metrics.
const meterName = "github.com/seatbeat/seatbeat/server"

// observeTime is how long a collection waits for the committer. When the time is over, the metrics that need the
// committer are left out.
const observeTime = 5 * time.Second

// instruments are the metrics of a server. All but the histogram are read when metrics are collected.
type instruments struct {
	engine *engine.Engine
	conns  *grpcapi.ConnLimiter
	audit  *auditWriter

	licensed, used, overdrawn metric.Int64ObservableUpDownCounter
	waiting                   metric.Int64ObservableUpDownCounter
	clients, connections      metric.Int64ObservableUpDownCounter
	denied, expired           metric.Int64ObservableCounter
	beaten, lost, limited     metric.Int64ObservableCounter
	behind                    metric.Float64ObservableGauge
}

// observe registers the metrics with the provider. end unregisters them; it is nil when the provider is nil.
func observe(provider metric.MeterProvider, e *engine.Engine, conns *grpcapi.ConnLimiter, audit *auditWriter) (end func() error, err error) {
	if provider == nil {
		return nil, nil
	}
	meter := provider.Meter(meterName)
	commits, fault := meter.Float64Histogram("seatbeat.commit.duration", metric.WithUnit("s"),
		metric.WithDescription("Time to make one round of decisions durable."),
		metric.WithExplicitBucketBoundaries(.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5))
	i, all, err := newInstruments(meter, e, conns, audit)
	if err = errors.Join(fault, err); err != nil {
		return nil, err
	}
	registration, err := meter.RegisterCallback(i.collect, all...)
	if err != nil {
		return nil, err
	}
	e.OnCommit(func(took time.Duration) { commits.Record(context.Background(), took.Seconds()) })
	return registration.Unregister, nil
}

func newInstruments(m metric.Meter, e *engine.Engine, conns *grpcapi.ConnLimiter, audit *auditWriter) (i *instruments, all []metric.Observable, err error) {
	level := func(name, unit, description string) metric.Int64ObservableUpDownCounter {
		c, fault := m.Int64ObservableUpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
		all, err = append(all, c), errors.Join(err, fault)
		return c
	}
	count := func(name, unit, description string) metric.Int64ObservableCounter {
		c, fault := m.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
		all, err = append(all, c), errors.Join(err, fault)
		return c
	}
	behind, fault := m.Float64ObservableGauge("seatbeat.clock.behind", metric.WithUnit("s"),
		metric.WithDescription("How far the wall clock is behind the latest time in the ledger, by which licences are judged."))
	i = &instruments{
		engine: e, conns: conns, audit: audit, behind: behind,
		licensed:    level("seatbeat.seats.licensed", "{seat}", "Seats of the licences in force, without overdraft, by feature."),
		used:        level("seatbeat.seats.used", "{seat}", "Seats held, by feature."),
		overdrawn:   level("seatbeat.seats.overdrawn", "{seat}", "Seats held beyond those of the licences, by feature."),
		waiting:     level("seatbeat.checkouts.waiting", "{checkout}", "Checkouts queued for seats, by feature."),
		clients:     level("seatbeat.clients", "{client}", "Clients that hold leases, wait or have called within seconds."),
		connections: level("seatbeat.connections", "{connection}", "Open connections of clients."),
		denied: count("seatbeat.checkouts.denied", "{checkout}",
			"Refused checkouts, by feature and reason; the feature is empty for names that no licence has had."),
		expired: count("seatbeat.leases.expired", "{lease}", "Leases that expired without a heartbeat, by feature."),
		limited: count("seatbeat.limits.refused", "{refusal}", "Calls and checkouts that a limit has refused, by limit."),
		beaten:  count("seatbeat.leases.beaten", "{lease}", "Leases renewed by heartbeats."),
		lost:    count("seatbeat.audit.lost", "{record}", "Audit records that could not be written."),
	}
	return i, append(all, behind), errors.Join(err, fault)
}

// collect is called by the provider's reader, on the reader's goroutine.
func (i *instruments) collect(ctx context.Context, o metric.Observer) error {
	o.ObserveInt64(i.beaten, i.engine.Beaten())
	o.ObserveInt64(i.lost, i.audit.lostRecords())
	o.ObserveInt64(i.clients, int64(i.engine.Clients()))
	o.ObserveInt64(i.connections, i.conns.Open())
	for limit, refused := range i.engine.Limits().All {
		o.ObserveInt64(i.limited, refused, metric.WithAttributes(attribute.String("seatbeat.limit", limit.String())))
	}
	o.ObserveFloat64(i.behind, i.engine.ClockBehind().Seconds())
	ctx, cancel := context.WithTimeout(ctx, observeTime)
	defer cancel()
	pools, err := i.engine.Sample(ctx)
	if err != nil {
		return nil // the committer is busy or has ended
	}
	for _, p := range pools {
		i.collectPool(p, o)
	}
	return nil
}

func (i *instruments) collectPool(p seats.PoolSample, o metric.Observer) {
	feature := attribute.String("seatbeat.feature", p.Name)
	for reason, n := range p.Denied {
		if n > 0 {
			o.ObserveInt64(i.denied, n, metric.WithAttributes(feature, attribute.String("seatbeat.reason", messages.Reason(reason).String())))
		}
	}
	if p.Name == "" {
		return
	}
	o.ObserveInt64(i.licensed, p.Licensed, metric.WithAttributes(feature))
	o.ObserveInt64(i.used, p.Used, metric.WithAttributes(feature))
	o.ObserveInt64(i.overdrawn, p.Overdrawn, metric.WithAttributes(feature))
	o.ObserveInt64(i.waiting, p.Waiting, metric.WithAttributes(feature))
	o.ObserveInt64(i.expired, p.Expired, metric.WithAttributes(feature))
}
