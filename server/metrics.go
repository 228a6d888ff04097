package server

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/seatbeat/seatbeat/messages"
)

// meterName is the instrumentation scope of our metrics.
const meterName = "github.com/seatbeat/seatbeat/server"

// observeTime is how long a collection waits for the committer; what only the committer knows is left out after that.
const observeTime = 5 * time.Second

// tally is what has happened to the seats of one pool since the server started. The committer owns it.
type tally struct {
	denied  [messages.Unknown]int64 // by reason: all of refusals come before Unknown
	expired int64
}

func (t *tally) deny(reason messages.Reason, n int) {
	if int(reason) < len(t.denied) {
		t.denied[reason] += int64(n)
	}
}

// deny counts a take that was refused. Names that no licence has are counted together, so that clients cannot make up
// more and more of them.
func (b *book) deny(feature string, reason messages.Reason) {
	if _, p := b.pools.find(feature); p != nil {
		p.tally.deny(reason, 1)
		return
	}
	b.nameless.deny(reason, 1)
}

// poolSample is a pool at one moment.
type poolSample struct {
	name                      string
	licensed, used, overdrawn int64
	waiting                   int64
	tally                     tally
}

// sample copies what the metrics show of the pools. The committer calls it.
func (b *book) sample() []poolSample {
	all := make([]poolSample, 0, len(b.pools.all)+1)
	for _, p := range b.pools.all {
		s := poolSample{
			name: p.name, used: int64(p.used), overdrawn: int64(p.overdrawn()), waiting: int64(p.line.Len()), tally: p.tally,
		}
		if p.listed && len(p.live) > 0 {
			s.licensed = int64(p.live[0].seats) // of all versions
		}
		all = append(all, s)
	}
	return append(all, poolSample{tally: b.nameless})
}

// instruments are what a server shows of itself. All but the histogram are observed when metrics are collected.
type instruments struct {
	licensed, used, overdrawn metric.Int64ObservableUpDownCounter
	waiting                   metric.Int64ObservableUpDownCounter
	clients, connections      metric.Int64ObservableUpDownCounter
	denied, expired, beaten   metric.Int64ObservableCounter
	behind                    metric.Float64ObservableGauge
}

// observe registers the metrics with the provider; nil is none. end unregisters them.
func (s *Server) observe(provider metric.MeterProvider) error {
	if provider == nil {
		return nil
	}
	meter := provider.Meter(meterName)
	commits, fault := meter.Float64Histogram("seatbeat.commit.duration", metric.WithUnit("s"),
		metric.WithDescription("Time to make one round of decisions durable."),
		metric.WithExplicitBucketBoundaries(.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5))
	i, all, err := newInstruments(meter)
	if err = errors.Join(fault, err); err != nil {
		return err
	}
	registration, err := meter.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		i.collect(ctx, s, o)
		return nil
	}, all...)
	if err != nil {
		return err
	}
	s.engine.commits.Store(&commits)
	s.unobserve = registration.Unregister
	return nil
}

func newInstruments(m metric.Meter) (i *instruments, all []metric.Observable, err error) {
	i = new(instruments)
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
	i.licensed = level("seatbeat.seats.licensed", "{seat}", "Seats that licences in force have, without overdraft, by feature.")
	i.used = level("seatbeat.seats.used", "{seat}", "Seats held, by feature.")
	i.overdrawn = level("seatbeat.seats.overdrawn", "{seat}", "Seats held past those that licences have, by feature.")
	i.waiting = level("seatbeat.checkouts.waiting", "{checkout}", "Checkouts in line for seats, by feature.")
	i.clients = level("seatbeat.clients", "{client}", "Clients that have called within the client timeout, or of which leases are remembered.")
	i.connections = level("seatbeat.connections", "{connection}", "Connections of clients that are open.")
	i.denied = count("seatbeat.checkouts.denied", "{checkout}",
		"Checkouts that were refused, by feature and reason; the feature is empty for names that no licence has had.")
	i.expired = count("seatbeat.leases.expired", "{lease}", "Leases that no heartbeat came for, by feature.")
	i.beaten = count("seatbeat.leases.beaten", "{lease}", "Leases renewed by heartbeats.")
	behind, fault := m.Float64ObservableGauge("seatbeat.clock.behind", metric.WithUnit("s"),
		metric.WithDescription("How far the wall clock is behind the latest time in the ledger, by which licences are judged."))
	i.behind = behind
	return i, append(all, behind), errors.Join(err, fault)
}

// collect is called by the provider's reader, on its goroutine.
func (i *instruments) collect(ctx context.Context, s *Server, o metric.Observer) {
	e := s.engine
	o.ObserveInt64(i.beaten, e.beaten.Load())
	o.ObserveInt64(i.clients, int64(e.clients.count()))
	o.ObserveInt64(i.connections, s.sources.open())
	o.ObserveFloat64(i.behind, e.calendar.behind().Seconds())
	ctx, cancel := context.WithTimeout(ctx, observeTime)
	defer cancel()
	var pools []poolSample
	if err := e.administer(ctx, func(time.Duration) error { pools = e.book.sample(); return nil }); err != nil {
		return
	}
	for _, p := range pools {
		i.collectPool(p, o)
	}
}

func (i *instruments) collectPool(p poolSample, o metric.Observer) {
	feature := attribute.String("seatbeat.feature", p.name)
	for reason, n := range p.tally.denied {
		if n > 0 {
			o.ObserveInt64(i.denied, n, metric.WithAttributes(feature, attribute.String("seatbeat.reason", messages.Reason(reason).String())))
		}
	}
	if p.name == "" {
		return
	}
	o.ObserveInt64(i.licensed, p.licensed, metric.WithAttributes(feature))
	o.ObserveInt64(i.used, p.used, metric.WithAttributes(feature))
	o.ObserveInt64(i.overdrawn, p.overdrawn, metric.WithAttributes(feature))
	o.ObserveInt64(i.waiting, p.waiting, metric.WithAttributes(feature))
	o.ObserveInt64(i.expired, p.tally.expired, metric.WithAttributes(feature))
}

// commitBegins returns the time where metrics are wanted.
func (e *engine) commitBegins() (began time.Time) {
	if e.commits.Load() != nil {
		began = time.Now()
	}
	return began
}

// commitEnds measures a commit.
func (e *engine) commitEnds(began time.Time) {
	if commits := e.commits.Load(); commits != nil && !began.IsZero() {
		(*commits).Record(context.Background(), time.Since(began).Seconds())
	}
}
