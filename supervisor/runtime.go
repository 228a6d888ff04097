package supervisor

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"go.opentelemetry.io/otel/metric"

	"github.com/seatbeat/seatbeat/actors"
	"github.com/seatbeat/seatbeat/internal/eventbus"
	"github.com/seatbeat/seatbeat/internal/hostcode"
	"github.com/seatbeat/seatbeat/internal/logqueue"
	"github.com/seatbeat/seatbeat/messages"
)

// Runtime holds licences. Make one with Start and end it with Close. All methods are safe for concurrent use, from
// callbacks too. On nil, or on a Runtime that Start did not make, they do nothing; those that return an error say so.
type Runtime struct {
	env        *actors.Tree
	bus        *eventbus.Bus
	system     *actor.ActorSystem
	logs       *logqueue.Queue // of the records that are no events
	closing    atomic.Bool
	closed     chan struct{} // closed when Close has done its work
	closeErr   error         // the result of Close; valid once closed is closed
	tally      tally
	meters     *hostcode.Guard
	unregister func() error // ends the metrics; nil: there are none
	watches    sync.WaitGroup
	endWatches context.CancelFunc
}

const (
	// closeAttempt is how long Close tries to return the seats when its context has ended already (rule 20).
	closeAttempt = 2 * time.Second
	// logsFlush is how long Close waits for the log handler to take the records that are left.
	logsFlush = 500 * time.Millisecond
	// metersStart is how long Start waits for the MeterProvider, and metersGrace how long Close does.
	metersStart, metersGrace = 10 * time.Second, 500 * time.Millisecond
)

// Start starts a runtime. It connects to no server yet, and blocks only while DownLimit.Store loads its outages, at most
// until ctx ends, and while the MeterProvider registers the metrics, at most 10 seconds. The runtime does not end with ctx.
//
// Errors: all faults of the configuration joined, each a *messages.FieldError, as is that of a nil ctx; the error of
// DownLimit.Store or MeterProvider; or the cause of ctx. After an error nothing is left running.
func Start(ctx context.Context, c Config) (*Runtime, error) {
	if err := checkContext(ctx); err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("start: %w", context.Cause(ctx))
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("start: invalid configuration: %w", err)
	}
	c.fillIn()
	r := &Runtime{system: newSystem(), closed: make(chan struct{}), meters: hostcode.New("the MeterProvider", metersGrace)}
	logger := c.Logger // of the host; from here on c.Logger is the queue before it
	r.logs, c.Logger = logqueue.New(logger.Handler())
	r.bus = eventbus.New(func(reason any) { c.Logger.Error("a subscriber panicked", "reason", reason) })
	r.subscribe(c, logger) // before the actors start: outages in the store can be published at once
	env, err := actors.Start(ctx, r.host(c), c.settings())
	if err != nil {
		r.abandon()
		return nil, fmt.Errorf("start: %w", err)
	}
	r.env = env
	if err := r.observe(c.MeterProvider); err != nil {
		_ = r.Close(ctx)
		return nil, fmt.Errorf("start: MeterProvider: %w", err)
	}
	c.warn()
	ctx, r.endWatches = context.WithCancel(context.Background())
	if w := newCertificateWatch(c, r.publish); w != nil {
		r.watches.Go(func() { w.run(ctx) })
	}
	return r, nil
}

// started reports whether r is a runtime that Start returned.
func (r *Runtime) started() bool { return r != nil && r.env != nil }

// newSystem returns an actor system that logs nothing: the runtime publishes events instead.
func newSystem() *actor.ActorSystem {
	silent := func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }
	return actor.NewActorSystem(actor.WithLoggerFactory(silent))
}

// abandon ends a runtime whose actors could not be started.
func (r *Runtime) abandon() {
	r.bus.Close()
	r.system.Shutdown()
	r.logs.Close(logsFlush)
}

func (r *Runtime) host(c Config) actors.Host {
	client := c.Client.newInstance()
	return actors.Host{
		System:    r.system,
		Name:      "seatbeat-" + hex.EncodeToString(client.Instance[:8]),
		Transport: c.Transport,
		Client:    client,
		Logger:    c.Logger,
		Publish:   r.publish,
		Exit:      exitOf(c.Callbacks),
		Store:     c.DownLimit.Store,
		Wall:      c.wall,
		Seed:      c.seed,
		Fault:     c.fault,
	}
}

// exitOf returns the function that the actors call when features gave up. With OnExit it does nothing: the callback is
// a subscriber. Without OnExit it ends the process, even if subscribers hang.
func exitOf(c Callbacks) func(messages.Exited) {
	if c.OnExit != nil {
		return func(messages.Exited) {}
	}
	return func(e messages.Exited) { go exitProcess(e) }
}

// publish passes an event to the metrics and the subscribers.
func (r *Runtime) publish(e messages.Event) {
	r.tally.count(e)
	r.bus.Publish(e)
}

// subscribe adds the subscribers that the configuration names. The events are logged by a subscriber, which may call the
// host's logger itself: its queue is longer than that of the logger.
func (r *Runtime) subscribe(c Config, logger *slog.Logger) {
	add := func(callback func(messages.Event)) { r.bus.Subscribe(eventbus.QueueBound, callback) }
	if c.Callbacks.any() {
		add(c.Callbacks.subscriber(&r.closing))
	}
	if c.OnEvent != nil {
		add(c.OnEvent)
	}
	if c.System != nil {
		add(func(e messages.Event) { c.System.EventStream.Publish(e) })
	}
	if logger.Handler() != slog.DiscardHandler {
		add(func(e messages.Event) { logEvent(logger, e) })
	}
}

// observe registers the metrics with the provider. Nil: there are none.
func (r *Runtime) observe(provider metric.MeterProvider) (err error) {
	if provider == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), metersStart)
	defer cancel()
	late := func(unregister func() error) { _ = unregister() }
	r.unregister, err = hostcode.Call(ctx, r.meters, func() (func() error, error) { return r.register(provider) }, late)
	return err
}

// register is the part of observe that calls code of the host. It returns what ends the metrics.
func (r *Runtime) register(provider metric.MeterProvider) (unregister func() error, err error) {
	meter := provider.Meter(meterName)
	i, all, err := newInstruments(meter)
	if err != nil {
		return nil, err
	}
	registration, err := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		i.collect(r, o)
		return nil
	}, all...)
	if err != nil {
		return nil, err
	}
	return registration.Unregister, nil
}

// endMetrics ends the metrics. A provider that hangs, or whose reader is the caller of Close, is not waited for.
func (r *Runtime) endMetrics() {
	if r.unregister == nil {
		return
	}
	atOnce, cancel := context.WithCancel(context.Background())
	cancel()
	_, _ = hostcode.Call(atOnce, r.meters, func() (struct{}, error) { return struct{}{}, r.unregister() }, nil)
}

// Checkout takes the seats of one feature. It asks the servers in the order of Config.Servers and blocks until one of them
// grants the seats, all of them have answered, or ctx ends (docs/rules.md, rule 21). Each server has ConnectTimeout, or
// an equal share of the time until ctx's deadline if that is less. With Checkout.Wait it waits for free seats until ctx
// ends. After an error no seat stays taken.
//
// Errors: *messages.FieldError (joined) for an invalid checkout or a nil ctx, *messages.CheckoutError with the answer of each server,
// *messages.UnavailableError while DownLimit is exceeded, messages.ErrClosed, or the cause of ctx.
func (r *Runtime) Checkout(ctx context.Context, c messages.Checkout) (*License, error) {
	if !r.started() {
		return nil, fmt.Errorf("checkout: %w", errNoRuntime)
	}
	if err := errors.Join(checkContext(ctx), c.Validate()); err != nil {
		return nil, fmt.Errorf("checkout: %w", err)
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("checkout %s: %w", c, context.Cause(ctx))
	}
	license := new(License)
	if err := license.feature.Start(ctx, r.env, c); err != nil {
		return nil, checkoutFailed(c, err)
	}
	return license, nil
}

// checkoutFailed adds the checkout to an error that does not name it.
func checkoutFailed(c messages.Checkout, err error) error {
	if _, ok := errors.AsType[*messages.CheckoutError](err); ok {
		return err
	}
	return fmt.Errorf("checkout %s: %w", c, err)
}

// Events returns a channel that gets every event from now on, and a function that ends it. The channel has room for buffer
// events, 0 to 16,384. Events that do not fit wait in a queue of 16,384 events. When the queue is full, the oldest event
// that is not terminal is dropped, and messages.EventsDropped takes its place; LicenseLost, Exited and DownLimitExceeded
// are terminal and never dropped.
//
// The channel is closed after the function was called. It is also closed after Close, when all events have been read, or
// when the reader has stopped reading. The function does not block and may be called more than once.
func (r *Runtime) Events(buffer int) (<-chan messages.Event, func()) {
	if !r.started() {
		return closedChannel[messages.Event](), func() {}
	}
	return r.bus.Events(buffer)
}

// Status returns the state of the runtime at this moment. It does not block on an actor or a server.
func (r *Runtime) Status() Status {
	s := Status{Features: make(map[messages.State]int)}
	if !r.started() {
		return s
	}
	for _, link := range r.env.Connections() {
		if link.Aliased() {
			continue
		}
		s.Connections = append(s.Connections, ConnectionStatus{
			Server: link.Server(), Features: link.Features(), Failed: link.Failed(),
			Outages: link.Outages(), LastBeat: link.LastBeat(), Deadline: link.Deadline(),
		})
	}
	for state, n := range r.env.States() {
		if n > 0 {
			s.Features[messages.State(state)] = n
		}
	}
	return s
}

// Close checks every feature in, blocks until the servers have taken the seats back or ctx ends, and stops the runtime: no
// goroutine, timer or session of it is left (docs/rules.md, rule 20). When ctx has ended already, Close still tries for 2
// seconds. When code of the host hangs, such as the transport or the log handler, Close abandons it and returns at most 3
// seconds after ctx has ended. From the call on, the runtime never exits the process and never calls OnExit. Close may be called from a
// callback, for which it then does not wait, and more than once: each call blocks until the work is done or its own ctx
// ends.
//
// It returns nil when all seats were returned, and otherwise the cause of ctx: the servers free the remaining seats after
// the client timeout. When ctx is nil, nothing is closed, and the error is a *messages.FieldError.
func (r *Runtime) Close(ctx context.Context) error {
	if !r.started() {
		return fmt.Errorf("close: %w", errNoRuntime)
	}
	if err := checkContext(ctx); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	if !r.closing.CompareAndSwap(false, true) {
		return r.awaitClosed(ctx)
	}
	until, giveUp := context.WithCancelCause(context.Background())
	defer giveUp(nil) // even when code of the caller's context panics
	go r.shutDown(until)
	if ctx.Err() != nil {
		defer time.AfterFunc(closeAttempt, func() { giveUp(context.DeadlineExceeded) }).Stop()
		<-r.closed
		return r.closeErr
	}
	select {
	case <-r.closed:
	case <-ctx.Done():
		giveUp(context.Cause(ctx))
		<-r.closed
	}
	return r.closeErr
}

// shutDown does the work of Close, until the context ends.
func (r *Runtime) shutDown(ctx context.Context) {
	defer close(r.closed)
	if r.endWatches != nil { // nil: Start has failed
		r.endWatches()
		r.watches.Wait()
	}
	if err := r.env.Close(ctx); err != nil {
		r.closeErr = fmt.Errorf("close: seats not returned: %w", err)
	}
	r.endMetrics()
	r.system.Shutdown()
	r.bus.Close()
	r.bus.Wait(ctx)
	r.logs.Close(logsFlush)
}

// awaitClosed waits for the call of Close that does the work. When that work is done, its result is returned even if ctx
// has ended.
func (r *Runtime) awaitClosed(ctx context.Context) error {
	select {
	case <-r.closed:
		return r.closeErr
	default:
	}
	select {
	case <-r.closed:
		return r.closeErr
	case <-ctx.Done():
		return fmt.Errorf("close: %w", context.Cause(ctx))
	}
}
