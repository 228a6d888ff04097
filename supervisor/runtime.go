package supervisor

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/actors"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// Runtime holds licences. It is safe for concurrent use; make one with Start and end it with Close.
type Runtime struct {
	env     *actors.Tree
	hub     *hub
	system  *actor.ActorSystem
	ownsIt  bool // system is ours to shut down
	closing atomic.Bool
	closed  chan struct{} // closed when Close has done its work
	tally   tally
	metrics func() error // ends the observation; nil: there is none
	outcome error        // of Close; valid once closed is closed
}

// closeAttempt is how long Close tries to return the seats when its context has ended already (rule 20).
const closeAttempt = 2 * time.Second

// Start starts a runtime. It returns all faults of the configuration joined, each naming its field. It connects to no
// server yet; ctx bounds only the start itself.
func Start(ctx context.Context, c Config) (*Runtime, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start: %w", context.Cause(ctx))
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("start: invalid configuration: %w", err)
	}
	c.fillIn()
	r := &Runtime{system: c.System, closed: make(chan struct{})}
	if r.system == nil {
		r.system, r.ownsIt = newSystem(), true
	}
	r.hub = newHub(func(reason any) { c.Logger.Error("a subscriber panicked", "reason", reason) })
	r.subscribe(c) // first: what the outage store knows may be told at once
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
	return r, nil
}

// abandon ends a runtime that could not be started.
func (r *Runtime) abandon() {
	r.hub.close()
	if r.ownsIt {
		r.system.Shutdown()
	}
}

// fillIn replaces what has a default and is not a setting of the actors.
func (c *Config) fillIn() {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.wall == nil {
		c.wall = time.Now
	}
	if c.seed == nil {
		c.seed = func() (seed [32]byte) {
			_, _ = rand.Read(seed[:]) // never fails
			return seed
		}
	}
	c.Client.fillIn()
}

// newSystem returns an actor system that logs nothing: what is worth telling are events.
func newSystem() *actor.ActorSystem {
	silent := func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }
	return actor.NewActorSystem(actor.WithLoggerFactory(silent))
}

func (r *Runtime) host(c Config) actors.Host {
	client := c.Client.forWire()
	return actors.Host{
		System:    r.system,
		Name:      "seatbeat-" + hex.EncodeToString(client.Instance[:8]),
		Transport: c.Transport,
		Client:    client,
		Logger:    c.Logger,
		Publish:   r.publish,
		Exit:      r.exit(c.Callbacks.OnExit != nil),
		Store:     c.DownLimit.Store,
		Wall:      c.wall,
		Seed:      c.seed,
		Fault:     c.fault,
	}
}

// publish tells the subscribers, and the metrics if there are any.
func (r *Runtime) publish(e messages.Event) {
	r.tally.count(e)
	r.hub.publish(e)
}

// exit returns what is done when features gave up. A callback gets the event as every subscriber does; without one the
// process ends, whatever subscribers are doing.
func (r *Runtime) exit(hasCallback bool) func(messages.Exited) {
	if hasCallback {
		return func(messages.Exited) {}
	}
	return func(e messages.Exited) { go exitProcess(e) }
}

// subscribe adds the host's own subscribers.
func (r *Runtime) subscribe(c Config) {
	if c.Callbacks.any() {
		r.hub.subscribe(c.Callbacks.teller(&r.closing))
	}
	if c.OnEvent != nil {
		r.hub.subscribe(c.OnEvent)
	}
	if c.System != nil {
		r.hub.subscribe(func(e messages.Event) { c.System.EventStream.Publish(e) })
	}
	if c.Logger.Handler() != slog.DiscardHandler {
		r.hub.subscribe(func(e messages.Event) { logEvent(c.Logger, e) })
	}
}

// warn logs what is allowed but not advised.
func (c *Config) warn() {
	interval := c.settings().Interval
	if c.Heartbeat.Attempts > 0 && (interval < minAdvisedInterval || interval > maxAdvisedInterval) {
		c.Logger.Warn("Heartbeat.Interval is outside of what is advised",
			"interval", interval, "advised_min", minAdvisedInterval, "advised_max", maxAdvisedInterval)
	}
}

// Checkout takes the seats of one feature. It asks the servers in search order and blocks until one grants them, all
// have answered, or ctx ends; then no seat is left behind. Each server gets at most ConnectTimeout and an equal share of
// what the deadline of ctx leaves.
//
// Errors: *messages.FieldError (joined) for a faulty checkout, *messages.CheckoutError with the answer of each server,
// messages.ErrClosed, or the cause of ctx.
func (r *Runtime) Checkout(ctx context.Context, c messages.Checkout) (*License, error) {
	if err := c.Validate(); err != nil {
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

// checkoutFailed adds what was to be checked out to an error that does not say so itself.
func checkoutFailed(c messages.Checkout, err error) error {
	if _, ok := errors.AsType[*messages.CheckoutError](err); ok {
		return err
	}
	return fmt.Errorf("checkout %s: %w", c, err)
}

// Events returns a channel that gets every event from now on, and a function that ends it. buffer is the room in the
// channel, 0 to 16,384; what does not fit waits in a queue of 16,384 events, of which the oldest that is not terminal is
// dropped when it overflows, and EventsDropped says how many. The channel is closed by the function, or when the runtime
// is closed and what was left has been read, or nobody reads any more. The function does not block and may be called
// more than once.
func (r *Runtime) Events(buffer int) (<-chan messages.Event, func()) { return r.hub.events(buffer) }

// Close checks every feature in, waits until the servers have taken the seats back or ctx ends, and stops the runtime:
// no goroutine, timer or session of it is left. Even when ctx has ended already it tries for 2 s. From now on nothing
// exits, and OnExit is not called. It may be called from a callback, and more than once: each call returns when the work
// is done or its own ctx ends.
//
// It returns nil when everything was returned, and otherwise the cause of ctx: seats that were not returned are freed by
// their server after the client timeout.
func (r *Runtime) Close(ctx context.Context) error {
	if !r.closing.CompareAndSwap(false, true) {
		return r.awaitClosed(ctx)
	}
	if ctx.Err() != nil {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeAttempt)
		defer cancel()
		ctx = late
	}
	if err := r.env.Close(ctx); err != nil {
		r.outcome = fmt.Errorf("close: seats not returned: %w", err)
	}
	if r.metrics != nil {
		_ = r.metrics()
	}
	if r.ownsIt {
		r.system.Shutdown()
	}
	r.hub.close()
	r.hub.wait(ctx)
	close(r.closed)
	return r.outcome
}

// awaitClosed waits for the call of Close that does the work. Work that is done counts for more than an ended ctx.
func (r *Runtime) awaitClosed(ctx context.Context) error {
	select {
	case <-r.closed:
		return r.outcome
	default:
	}
	select {
	case <-r.closed:
		return r.outcome
	case <-ctx.Done():
		return fmt.Errorf("close: %w", context.Cause(ctx))
	}
}

// forWire returns the client as servers see it, with an instance drawn anew.
func (c Client) forWire() transport.Client {
	client := transport.Client{Name: c.Name, User: c.User, Host: c.Host, Share: c.Share}
	_, _ = rand.Read(client.Instance[:]) // never fails
	return client
}
