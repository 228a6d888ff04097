package supervisor

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// closeWithin is what Close may take beyond its context when code of the host hangs.
const closeWithin = 3 * time.Second

// ways are what code of the host may do instead of its work. Each function does it once per call.
func (h *harness) ways(free <-chan struct{}) map[string]func() {
	return map[string]func(){
		"hangs":        func() { <-free },
		"panics":       func() { panic("host code") },
		"calls Goexit": runtime.Goexit,
	}
}

// untilGone waits until a license has ended.
func (h *harness) untilGone(l *License) {
	h.Helper()
	h.until("the license is gone", func() bool { return l.Err() != nil })
}

// logHook is a slog.Handler that does something for each record, or for each level that it is asked about.
type logHook struct {
	logRecorder
	handle, enabled func()
}

// Enabled implements slog.Handler.
func (l *logHook) Enabled(context.Context, slog.Level) bool { l.enabled(); return true }

// Handle implements slog.Handler.
func (l *logHook) Handle(context.Context, slog.Record) error { l.handle(); return nil }

// The warning about the interval, those of the connection and those of the outage counter are logged by actors and by Start.
func TestALogHandlerStandsInNobodysWay(t *testing.T) {
	for _, way := range []string{"hangs", "panics", "calls Goexit", "calls Close"} {
		for _, in := range []string{"Handle", "Enabled"} {
			t.Run(way+" in "+in, func(t *testing.T) {
				var free, started chan struct{}
				setup := func(h *harness) {
					free, started = make(chan struct{}), make(chan struct{})
					hook, do := &logHook{handle: func() {}, enabled: func() {}}, h.ways(free)[way]
					if way == "calls Close" {
						do = func() { <-started; _ = h.rt.Close(context.Background()) }
					}
					if hook.handle = do; in == "Enabled" {
						hook.enabled, hook.handle = do, func() {}
					}
					h.config.Logger = slog.New(hook)
					h.config.Heartbeat = Heartbeat{Attempts: 1000, Interval: 10 * time.Second} // not advised
					h.config.EnforceTimeout = true
					h.config.DownLimit = DownLimit{Max: 5, Store: &brokenStore{}}
				}
				withHarness(t, 1, setup, func(h *harness) {
					defer h.pass(time.Minute) // until the handler has ended
					defer close(free)
					close(started)
					if way == "calls Close" {
						h.pass(time.Second)
						require.NoError(h, h.rt.Close(h.within(time.Minute)))
						return
					}
					license := h.checkout()
					h.untilHeartbeats(3)
					h.server(1).Down()
					h.untilGone(license)
					require.ErrorIs(h, license.Err(), messages.ErrLost)
					began := time.Now()
					_ = h.rt.Close(h.within(time.Second))
					assert.LessOrEqual(h, time.Since(began), time.Second+closeWithin)
				})
			})
		}
	}
}

// brokenStore has nothing and takes nothing: each merge is a warning of the outage counter.
type brokenStore struct{}

func (*brokenStore) Load(context.Context) (map[string]messages.OutageRecord, error) { return nil, nil }
func (*brokenStore) Merge(context.Context, string, messages.OutageRecord) (messages.OutageRecord, error) {
	return messages.OutageRecord{}, errors.New("broken")
}

// hookedTransport runs a hook of the host at the beginning of the calls of one kind.
type hookedTransport struct {
	transport.Transport

	mu    sync.Mutex // guards the field below
	hooks map[string]func()
}

func (t *hookedTransport) hook(call string, do func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hooks[call] = do
}

func (t *hookedTransport) run(call string) error {
	t.mu.Lock()
	hook := t.hooks[call]
	t.mu.Unlock()
	if hook != nil {
		hook()
		return errors.New("late")
	}
	return nil
}

func (t *hookedTransport) Connect(ctx context.Context, a transport.Address) (transport.Session, error) {
	if err := t.run("Connect"); err != nil {
		return nil, err
	}
	session, err := t.Transport.Connect(ctx, a)
	if err != nil {
		return nil, err
	}
	return hookedSession{session, t, nil}, nil
}

// hookedSession cannot be compared with ==: that panics.
type hookedSession struct {
	transport.Session
	t *hookedTransport
	_ []int
}

func (s hookedSession) Heartbeat(ctx context.Context, leases []messages.LeaseID) (transport.HeartbeatReply, error) {
	if err := s.t.run("Heartbeat"); err != nil {
		return transport.HeartbeatReply{}, err
	}
	return s.Session.Heartbeat(ctx, leases)
}

func (s hookedSession) Checkout(ctx context.Context, takes []transport.Take) (transport.CheckoutReply, error) {
	if err := s.t.run("Checkout"); err != nil {
		return transport.CheckoutReply{}, err
	}
	return s.Session.Checkout(ctx, takes)
}

func (s hookedSession) Checkin(ctx context.Context, returns []transport.Return) (transport.CheckinReply, error) {
	if err := s.t.run("Checkin"); err != nil {
		return transport.CheckinReply{}, err
	}
	return s.Session.Checkin(ctx, returns)
}

func (s hookedSession) Close() error {
	return errors.Join(s.Session.Close(), s.t.run("Close"))
}

// withHooks puts the hooks between the runtime and the network.
func (h *harness) withHooks() *hookedTransport {
	hooked := &hookedTransport{Transport: h.config.Transport, hooks: map[string]func(){}}
	h.config.Transport = hooked
	return hooked
}

func TestATransportThatIgnoresItsContextHoldsNobodyUp(t *testing.T) {
	for _, way := range []string{"hangs", "calls Goexit"} {
		for _, call := range []string{"Connect", "Heartbeat", "Checkout", "Checkin", "Close"} {
			t.Run(way+" in "+call, func(t *testing.T) {
				var hooked *hookedTransport
				setup := func(h *harness) {
					h.config.EnforceTimeout = true
					h.config.Heartbeat = Heartbeat{Attempts: 1000, Interval: time.Minute}
					hooked = h.withHooks()
				}
				withHarness(t, 1, setup, func(h *harness) {
					free := make(chan struct{})
					defer h.pass(time.Minute)
					defer close(free)
					license := h.checkout()
					h.untilHeartbeats(1)
					hooked.hook(call, h.ways(free)[way])
					switch call {
					case "Connect":
						h.server(1).Down()
						fallthrough
					case "Heartbeat":
						h.untilGone(license)
						require.ErrorIs(h, license.Err(), messages.ErrLost)
						assert.NotZero(h, count[messages.ConnectionLost](&h.events))
					case "Checkout":
						_, err := h.rt.Checkout(h.Context(), messages.Checkout{Feature: "f3"})
						var failed *messages.CheckoutError
						require.ErrorAs(h, err, &failed)
						assert.True(h, failed.Has(messages.Unanswered))
						require.NoError(h, license.Err())
					}
					began := time.Now()
					_ = h.rt.Close(h.within(10 * time.Second))
					assert.LessOrEqual(h, time.Since(began), 10*time.Second+closeWithin)
					<-license.Done()
				})
			})
		}
	}
}

// badError is an error whose text cannot be had.
type badError struct{ text func() }

func (e badError) Error() string { e.text(); return "" }

func TestTheErrorsOfATransportAreNotAskedInAnActor(t *testing.T) {
	for _, way := range []string{"hangs", "panics"} {
		t.Run(way, func(t *testing.T) {
			var book logRecorder
			var free chan struct{}
			var bad badErrors
			setup := func(h *harness) {
				free = make(chan struct{})
				bad.err = badError{h.ways(free)[way]}
				h.config.Heartbeat = Heartbeat{Attempts: 1000, Interval: time.Minute}
				h.config.EnforceTimeout = true
				bad.Transport = h.config.Transport
				h.config.Transport = &bad
				h.logTo(&book)
			}
			withHarness(t, 1, setup, func(h *harness) {
				defer h.pass(time.Minute)
				defer close(free)
				license := h.checkout()
				bad.armed.Store(true)
				h.untilGone(license)
				assert.ErrorIs(h, license.Err(), messages.ErrLost)
				assert.Empty(h, book.find(slog.LevelError, "panicked"))
			})
		})
	}
}

// badErrors is a transport whose heartbeats fail with an error, once it is armed.
type badErrors struct {
	transport.Transport
	err   error
	armed atomic.Bool // the heartbeats fail
}

func (b *badErrors) Connect(ctx context.Context, a transport.Address) (transport.Session, error) {
	session, err := b.Transport.Connect(ctx, a)
	return badErrorsSession{session, b}, err
}

type badErrorsSession struct {
	transport.Session
	b *badErrors
}

func (s badErrorsSession) Heartbeat(ctx context.Context, leases []messages.LeaseID) (transport.HeartbeatReply, error) {
	if s.b.armed.Load() {
		return transport.HeartbeatReply{}, s.b.err
	}
	return s.Session.Heartbeat(ctx, leases)
}

// hookedProvider does something when it is asked for a meter.
type hookedProvider struct {
	metric.MeterProvider
	meter func()
}

func (p hookedProvider) Meter(name string, options ...metric.MeterOption) metric.Meter {
	p.meter()
	return p.MeterProvider.Meter(name, options...)
}

func TestAMeterProviderThatMisbehavesIsAnErrorOfStart(t *testing.T) {
	for _, way := range []string{"hangs", "panics", "calls Goexit"} {
		t.Run(way, func(t *testing.T) {
			withHarness(t, 1, nil, func(h *harness) {
				free := make(chan struct{})
				defer h.pass(time.Minute)
				defer close(free)
				c := h.config
				c.OnEvent, c.MeterProvider = nil, hookedProvider{noop.NewMeterProvider(), h.ways(free)[way]}
				began := time.Now()
				rt, err := Start(context.Background(), c)
				require.ErrorContains(h, err, "MeterProvider")
				assert.Nil(h, rt)
				assert.LessOrEqual(h, time.Since(began), metersStart+closeWithin)
			})
		})
	}
}

// A reader holds locks while it collects, and what another instrument observes may end the runtime. Locks are no use in a
// bubble of virtual time.
func TestCloseMayBeCalledWhileMetricsAreCollected(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	network := transporttest.NewNetwork()
	network.AddServer("s1:1", map[string]int{"f2": 1})
	rt, err := Start(t.Context(), Config{Transport: network, Servers: servers(1), MeterProvider: provider})
	require.NoError(t, err)
	_, err = rt.Checkout(t.Context(), messages.Checkout{Feature: "f2"})
	require.NoError(t, err)
	closed := errors.New("not called")
	gauge, err := provider.Meter("host").Int64ObservableGauge("host")
	require.NoError(t, err)
	_, err = provider.Meter("host").RegisterCallback(func(context.Context, metric.Observer) error {
		closed = rt.Close(context.Background())
		return nil
	}, gauge)
	require.NoError(t, err)
	var data metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &data))
	assert.NoError(t, closed)
}

// Whatever the application's own system does, with dead letters for example, is not done on a goroutine of an actor.
func TestTheApplicationsEventStreamStandsInNobodysWay(t *testing.T) {
	setup := func(h *harness) { h.config.System = newSystem() }
	withHarness(t, 1, setup, func(h *harness) {
		free := make(chan struct{})
		defer h.pass(time.Minute)
		defer h.config.System.Shutdown()
		defer close(free)
		h.config.System.EventStream.Subscribe(func(any) { <-free })
		license := h.checkout()
		h.untilHeartbeats(3)
		require.NoError(h, license.Checkin(h.Context()))
		require.ErrorIs(h, license.Heartbeat(h.within(time.Minute)), messages.ErrCheckedIn) // its actor has ended: a dead letter
		again := h.checkout()
		h.untilHeartbeats(1)
		began := time.Now()
		require.NoError(h, h.rt.Close(h.within(time.Minute)))
		assert.LessOrEqual(h, time.Since(began), closeWithin)
		assert.ErrorIs(h, again.Err(), messages.ErrClosed)
	})
}

// oddContext is a context of the host whose methods do something else than those of package context.
type oddContext struct {
	context.Context
	done func() <-chan struct{}
	err  func() error
}

func (c oddContext) Done() <-chan struct{} { return c.done() }
func (c oddContext) Err() error            { return c.err() }

func TestAnOddContextHarmsItsCallerAlone(t *testing.T) {
	ended := make(chan struct{})
	close(ended)
	endedDone := func() <-chan struct{} { return ended }
	lives := func() error { return nil }
	asked := 0
	panicsLater := func() error {
		if asked++; asked > 1 {
			panic("odd")
		}
		return nil
	}
	withHarness(t, 1, nil, func(h *harness) {
		h.server(1).DelayReplies(time.Second, transporttest.Checkouts)
		checkout := func(ctx context.Context) error {
			_, err := h.rt.Checkout(ctx, messages.Checkout{Feature: "f2"})
			return err
		}
		require.Error(h, checkout(oddContext{context.Background(), endedDone, lives}), "it has ended and says that it has not")
		assert.Panics(h, func() { _ = checkout(oddContext{context.Background(), func() <-chan struct{} { panic("odd") }, lives}) })
		assert.Panics(h, func() { _ = checkout(oddContext{context.Background(), endedDone, panicsLater}) })
		h.pass(time.Minute)
		assert.Zero(h, h.server(1).Held("f2"), "nobody has these licenses")
		assert.Empty(h, h.rt.Status().Features)

		license := h.checkout()
		require.Error(h, license.Heartbeat(oddContext{context.Background(), endedDone, lives}), "nil would say that the seats are held")
		assert.Panics(h, func() {
			_ = h.rt.Close(oddContext{context.Background(), func() <-chan struct{} { panic("odd") }, lives})
		})
		began := time.Now()
		_ = h.rt.Close(h.within(time.Minute))
		assert.LessOrEqual(h, time.Since(began), closeWithin)
		assert.ErrorIs(h, license.Err(), messages.ErrClosed)
	})
}
