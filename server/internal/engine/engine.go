// Package engine is the licence server without its network: clients, leases and the committer that decides. It needs no
// socket, so that tests run it in virtual time.
package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// Config is the configuration of an engine. All fields except Audit are required.
type Config struct {
	Ledger        ledger.Ledger
	Features      []license.Feature
	Limits        seats.Limits
	ClientTimeout time.Duration
	RetryAfter    time.Duration
	Logger        *slog.Logger
	Wall          func() time.Time // the wall clock
	Audit         Audit            // nil means none
}

// Audit takes the audit records. The committer calls it; no method blocks.
type Audit interface {
	// Pass takes the records of a round that is durable, and returns an empty slice for the records of the next round.
	Pass(records []seats.AuditRecord) (empty []seats.AuditRecord)
	// Refuses reports that no seats may be granted now, since the grants could not be audited. It may be called from any
	// goroutine.
	Refuses() bool
	// Close is called when no more records follow.
	Close()
}

// noAudit takes no records.
type noAudit struct{}

func (noAudit) Pass(records []seats.AuditRecord) []seats.AuditRecord { return records[:0] }
func (noAudit) Refuses() bool                                        { return false }
func (noAudit) Close()                                               {}

// Engine is a running licence server without its network. Its methods may be called from any goroutine.
type Engine struct {
	timeout   time.Duration // the client timeout
	identity  messages.Identity
	clock     *clock
	license   *licenseClock
	clients   *seats.Clients
	allocator *seats.Allocator
	committer *committer
	beaten    atomic.Int64 // leases renewed by heartbeats, since the start

	opened    sync.Once
	drained   chan struct{} // closed when the server drains: no call stays blocked
	drainOnce sync.Once
}

// New opens and loads the ledger, records a new start of the server in it, and starts the committer.
func New(cfg Config) (*Engine, error) {
	e := &Engine{
		timeout: cfg.ClientTimeout, clock: newClock(), drained: make(chan struct{}),
		license: &licenseClock{wall: cfg.Wall, log: cfg.Logger},
		clients: seats.NewClients(cfg.Limits, cfg.RetryAfter),
	}
	e.allocator = seats.New(seats.Config{
		Limits: cfg.Limits, RetryAfter: cfg.RetryAfter, ClientTimeout: cfg.ClientTimeout,
		KeepWaiter: min(cfg.ClientTimeout/3, wire.KeepPlace),
		Features:   cfg.Features, Audit: cfg.Audit != nil,
		Draw: func(secret []byte) { _, _ = rand.Read(secret) }, // never fails
	}, e.clients)
	e.committer = newCommitter(cfg, e)
	if err := e.start(cfg.Ledger); err != nil {
		return nil, err
	}
	go e.committer.run()
	return e, nil
}

func newCommitter(cfg Config, e *Engine) *committer {
	c := &committer{
		allocator: e.allocator, clock: e.clock, ledger: cfg.Ledger, audit: cfg.Audit, retry: cfg.RetryAfter, log: cfg.Logger,
		maintenance: &maintenance{
			allocator: e.allocator, clients: e.clients, clock: e.clock, license: e.license, timeout: cfg.ClientTimeout,
			log: cfg.Logger, stall: stallDetector{interval: tickInterval(cfg.ClientTimeout)},
		},
		queue: make(chan *request, queueLength), opened: make(chan struct{}), quit: make(chan struct{}),
		ended: make(chan struct{}),
	}
	if c.audit == nil {
		c.audit = noAudit{}
	}
	return c
}

func (e *Engine) start(l ledger.Ledger) error {
	last, err := e.allocator.Load(l)
	if err != nil {
		return fmt.Errorf("open ledger: %w", err)
	}
	serverID := last.ServerID
	if serverID == "" {
		serverID = rand.Text()
	}
	e.committer.maintenance.restore(last.Wall)
	started := e.allocator.Start(last, serverID, e.license.persisted)
	if err := l.Append(e.allocator.Batch()); err != nil {
		return errors.Join(fmt.Errorf("append to ledger: %w", err), l.Close())
	}
	e.allocator.Committed()
	e.identity = messages.Identity{ServerID: serverID, BootID: rand.Text(), Epoch: started.Epoch}
	e.clients.StartSessions(started.Epoch)
	return nil
}

// Identity returns the ServerID, BootID and Epoch of this incarnation.
func (e *Engine) Identity() messages.Identity { return e.identity }

// LicenseTime returns the time by which licences are judged.
func (e *Engine) LicenseTime() time.Time { return e.license.now() }

// ClockBehind returns how far the wall clock is behind LicenseTime.
func (e *Engine) ClockBehind() time.Duration { return e.license.behind() }

// Beaten returns how many leases were renewed by heartbeats since the start.
func (e *Engine) Beaten() int64 { return e.beaten.Load() }

// Limits returns the counts of what limits have refused.
func (e *Engine) Limits() *seats.LimitCounts { return e.clients.Limits() }

// Clients returns how many clients are awake: they hold leases, wait or have called within seconds.
func (e *Engine) Clients() int { return e.clients.Count() }

// OnCommit calls measured after each append to the ledger with its duration, on the goroutine of the committer.
func (e *Engine) OnCommit(measured func(time.Duration)) { e.committer.onCommit.Store(&measured) }

// Open is called when clients can reach the server: the client timeout of every lease counts from now. Calls after the
// first do nothing.
func (e *Engine) Open() {
	e.opened.Do(func() {
		e.clock.skip(e.clock.now())
		close(e.committer.opened)
	})
}

// Drain refuses every request of a client from now on but returns, and all blocked calls. Calls after the first do nothing.
func (e *Engine) Drain() {
	e.committer.draining.Store(true)
	e.drainOnce.Do(func() { close(e.drained) })
}

// Draining reports whether requests of clients other than returns are refused: after Drain, Stop and a failure.
func (e *Engine) Draining() bool { return e.committer.draining.Load() }

// Stop ends the committer, after the committer has refused the requests in its queue, and closes the ledger. If the
// engine failed earlier, Stop returns why. It may be called again.
func (e *Engine) Stop() error {
	e.Drain()
	return e.committer.stop()
}

// Ended is closed when the committer has ended: after Stop or a failure.
func (e *Engine) Ended() <-chan struct{} { return e.committer.ended }

// Failure returns why the engine ended, nil when it was stopped. It may be called after Ended.
func (e *Engine) Failure() error { return e.committer.failure }

// Connect opens a session of a client, which shares seats by these keys from now on.
func (e *Engine) Connect(h ledger.Holder, keys *seats.ShareKeys, info *seats.ClientInfo) (uint64, error) {
	if e.Draining() {
		return 0, e.committer.refuseDraining()
	}
	return e.clients.Connect(h, keys, info, e.clock.now())
}

// Enter begins a call of a session. Leave ends it.
func (e *Engine) Enter(h ledger.Holder, session uint64) (*seats.Client, error) {
	return e.clients.Enter(h, session, e.clock.now())
}

// Leave ends a call.
func (e *Engine) Leave(c *seats.Client) { c.Leave(e.clock.now()) }

// Checkout decides takes, each by itself, and returns after the grants are in the ledger.
func (e *Engine) Checkout(ctx context.Context, c *seats.Client, takes []seats.Take) ([]seats.Outcome, error) {
	outcomes := make([]seats.Outcome, len(takes))
	err := e.committer.submit(client(ctx, len(takes), func(now time.Duration) error {
		if err := e.allowTakes(c, len(takes), now); err != nil {
			return err
		}
		for i, t := range takes {
			outcomes[i] = e.allocator.Take(c, t, now)
		}
		return nil
	}))
	if err != nil {
		return nil, err // the committer may still write to outcomes
	}
	return outcomes, nil
}

// Wait decides a take. When the take waits in a queue, the call is blocked for the take's Wait, or as long as the protocol
// allows. When a waiter is granted at the moment when its call ends, the client learns of the grant when it repeats the
// request, as after a lost reply.
func (e *Engine) Wait(ctx context.Context, c *seats.Client, session uint64, t seats.Take) ([]seats.Outcome, error) {
	waiting, end := context.WithCancel(ctx)
	defer end()
	call := seats.NewBlockedCall(waiting, session)
	var o seats.Outcome
	var waits bool
	err := e.committer.submit(client(ctx, 1, func(now time.Duration) error {
		if err := e.allowTakes(c, 1, now); err != nil {
			return err
		}
		o, waits = e.allocator.Wait(c, t, call, now)
		return nil
	}))
	if err == nil && waits {
		c.BeginWait()
		o, err = e.await(waiting, call, min(t.Wait, e.timeout/3, wire.MaxWait))
		c.EndWait()
	}
	if err != nil {
		return nil, err
	}
	return []seats.Outcome{o}, nil
}

// allowTakes returns nil, or why a client may not take seats now. The committer calls it.
func (e *Engine) allowTakes(c *seats.Client, n int, now time.Duration) error {
	if e.committer.audit.Refuses() {
		return &seats.Refusal{Reason: messages.Busy, Message: "the audit cannot be written", RetryAfter: e.committer.retry}
	}
	return e.allocator.AllowTakes(c, n, now)
}

// stillQueued is how soon a client whose call has waited long enough is asked to repeat its request.
const stillQueued = time.Millisecond

// await waits until a blocked call is answered.
func (e *Engine) await(ctx context.Context, call *seats.BlockedCall, most time.Duration) (seats.Outcome, error) {
	over := time.NewTimer(most)
	defer over.Stop()
	select {
	case <-call.Done():
		return call.Result()
	case <-over.C:
		return seats.Outcome{
			Result: seats.Refused, Reason: messages.NoSeats, Message: "still in the queue", RetryAfter: stillQueued,
		}, nil
	case <-ctx.Done():
		return seats.Outcome{}, ctx.Err()
	case <-e.drained:
		return seats.Outcome{}, e.committer.refuseDraining()
	case <-e.committer.ended:
		return seats.Outcome{}, ErrStopped
	}
}

// Checkin returns seats. It blocks until the ends of the leases are in the ledger.
func (e *Engine) Checkin(ctx context.Context, c *seats.Client, leases []messages.LeaseID, requests []messages.RequestID) error {
	weight := len(leases) + len(requests)
	return e.committer.submit(returns(ctx, weight, func(now time.Duration) error {
		if err := e.allocator.AllowReturns(c, weight, now); err != nil {
			return err
		}
		return e.allocator.Checkin(c, leases, requests, now)
	}))
}

// Ended is a lease that a heartbeat named and that the client does not hold.
type Ended struct {
	Lease  messages.LeaseID
	Reason messages.Reason
}

// Heartbeat renews the packed leases of a client and returns those that it does not hold. Only for leases that were not
// found it asks the committer, which answers after the ledger has their ends.
func (e *Engine) Heartbeat(ctx context.Context, c *seats.Client, leases []byte) ([]Ended, error) {
	if e.Draining() {
		return nil, e.committer.refuseDraining()
	}
	missed := e.allocator.Beat(c, leases, e.clock.now())
	e.beaten.Add(int64(len(leases)/wire.IDLength - len(missed)))
	if len(missed) == 0 {
		return nil, nil
	}
	ended := make([]Ended, 0, len(missed))
	err := e.committer.submit(client(ctx, len(missed), func(time.Duration) error {
		for _, at := range missed {
			lease := messages.LeaseID(leases[at:])
			if reason, held := e.allocator.ReasonFor(c, lease); !held {
				ended = append(ended, Ended{lease, reason})
			}
		}
		return nil
	}))
	if err != nil {
		return nil, err
	}
	return ended, nil
}

// EndLease ends a lease for a reason, whoever holds it. It blocks until the end is in the ledger. It returns
// seats.ErrNoLease when no such lease is held.
func (e *Engine) EndLease(ctx context.Context, lease messages.LeaseID, reason messages.Reason) error {
	return e.committer.submit(operator(ctx, func(now time.Duration) error { return e.allocator.End(lease, reason, now) }))
}

// SetFeatures replaces the list of features. The list is in force when SetFeatures returns nil. The engine owns the
// slice from now on.
func (e *Engine) SetFeatures(ctx context.Context, features []license.Feature) error {
	return e.committer.submit(operator(ctx, func(time.Duration) error {
		e.allocator.SetFeatures(features)
		e.committer.maintenance.refresh()
		return nil
	}))
}

// Status is the state of an engine at one moment.
type Status struct {
	LicenseTime            time.Time
	ClockBehind            time.Duration
	Draining               bool
	Clients, Leases, Ended int
	Pools                  []seats.PoolStatus
}

// Status returns the current state of the engine.
func (e *Engine) Status(ctx context.Context) (Status, error) {
	var s Status
	err := e.committer.submit(operator(ctx, func(time.Duration) error {
		s = e.status()
		return nil
	}))
	if err != nil {
		return Status{}, err
	}
	return s, nil
}

// status is called by the committer.
func (e *Engine) status() Status {
	return Status{
		LicenseTime: e.LicenseTime(), ClockBehind: e.ClockBehind(), Draining: e.Draining(),
		Clients: e.Clients(), Leases: e.allocator.Held(), Ended: e.allocator.Remembered(), Pools: e.allocator.Status(),
	}
}

// Holders returns a page of the leases that are held.
func (e *Engine) Holders(ctx context.Context, query seats.HoldersQuery) (seats.HoldersPage, error) {
	var page seats.HoldersPage
	err := e.committer.submit(operator(ctx, func(time.Duration) error {
		page = e.allocator.Holders(query)
		return nil
	}))
	if err != nil {
		return seats.HoldersPage{}, err
	}
	return page, nil
}

// Sample returns the values of each pool for the metrics.
func (e *Engine) Sample(ctx context.Context) ([]seats.PoolSample, error) {
	var pools []seats.PoolSample
	err := e.committer.submit(operator(ctx, func(time.Duration) error {
		pools = e.allocator.Sample()
		return nil
	}))
	if err != nil {
		return nil, err
	}
	return pools, nil
}
