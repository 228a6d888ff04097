package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// engine is the server without its network: clients, leases and the committer that decides. Its methods may be called
// from any goroutine. It needs no socket, so that tests run it in virtual time.
type engine struct {
	cfg      Config
	log      *slog.Logger
	identity messages.Identity
	clock    *clock
	calendar calendar
	clients  *clients
	table    *table
	audit    *audit                                  // nil when there is none
	beaten   atomic.Int64                            // leases, since the start
	commits  atomic.Pointer[metric.Float64Histogram] // seconds of each append; nil when nobody wants to know

	queue     chan *op
	draining  atomic.Bool
	drained   chan struct{} // closed when the server drains: nobody waits in line any more
	drainOnce sync.Once
	opened    sync.Once
	ticking   chan struct{} // closed when the first listener serves
	quit      chan struct{} // closed to end the committer
	quitOnce  sync.Once
	ended     chan struct{} // closed when the committer has ended
	failure   error         // why, when not asked to; to be read after ended

	// For the committer only.
	book     *book
	watch    watch
	ops      []*op // of this round
	busy     bool  // chores are left over from the last round
	expiring bool  // leases of a licence that has run out are left
}

// queueLength is how many requests wait for the committer before the next is refused as Busy.
const queueLength = 1024

// errStopped is the error of a call that gets no answer since the committer has ended.
var errStopped = errors.New("server stopped")

// newEngine opens the ledger, loads it, notes the start of a new life in it and starts the committer.
func newEngine(cfg Config) (*engine, error) {
	e := &engine{
		cfg: cfg, log: cfg.Logger, clock: newClock(),
		clients: newClients(cfg.Limits, cfg.RetryAfter),
		queue:   make(chan *op, queueLength), drained: make(chan struct{}),
		ticking: make(chan struct{}), quit: make(chan struct{}), ended: make(chan struct{}),
	}
	e.book = newBook(cfg, e.clients, func(secret []byte) { _, _ = rand.Read(secret) }) // never fails
	e.table = e.book.table
	e.calendar.wall, e.calendar.log = cfg.wall, cfg.Logger
	e.watch.interval = tickInterval(cfg.ClientTimeout)
	if err := e.start(); err != nil {
		return nil, err
	}
	e.audit = newAudit(cfg.Audit)
	go e.commit()
	return e, nil
}

func (e *engine) start() error {
	last, err := e.book.load(e.cfg.Ledger)
	if err != nil {
		return fmt.Errorf("open ledger: %w", err)
	}
	serverID := last.ServerID
	if serverID == "" {
		serverID = rand.Text()
	}
	e.calendar.mark.Store(last.Wall)
	e.expiring = e.book.pools.age(e.calendar.tick(e.clock.raw()))
	e.calendar.kept = e.calendar.mark.Load()
	began := e.book.begin(last, serverID, e.calendar.kept)
	if err := e.cfg.Ledger.Append(e.book.batch); err != nil {
		return errors.Join(fmt.Errorf("append to ledger: %w", err), e.cfg.Ledger.Close())
	}
	e.book.kept()
	e.identity = messages.Identity{ServerID: serverID, BootID: rand.Text(), Epoch: began.Epoch}
	e.clients.next = began.Epoch << 32 // so that sessions of this life are newer than those of earlier ones
	return nil
}

// tickInterval is how often the committer looks for leases to end.
func tickInterval(clientTimeout time.Duration) time.Duration {
	return min(max(clientTimeout/100, 10*time.Millisecond), time.Second)
}

// open starts the time of the leases: clients can reach the server from now on. Calls after the first do nothing.
func (e *engine) open() {
	e.opened.Do(func() {
		e.clock.skip(e.clock.now())
		close(e.ticking)
	})
}

// drain refuses what is asked for from now on, and all who wait in line. Calls after the first do nothing.
func (e *engine) drain() {
	e.draining.Store(true)
	e.drainOnce.Do(func() { close(e.drained) })
}

// stop ends the committer, after what is in its queue was refused, and closes the ledger. It returns when the audit is
// written or given up. It may be called again.
func (e *engine) stop() error {
	e.drain()
	e.quitOnce.Do(func() { close(e.quit) })
	<-e.ended
	if !e.audit.wait() {
		return errors.Join(e.failure, errAudit)
	}
	return e.failure
}

// errAudit is the error of a stop that a handler of the host held up.
var errAudit = errors.New("the audit was given up: its handler hangs, and records of it are missing")

// connect opens a session of a client that shares seats in these groups.
func (e *engine) connect(h Holder, groups *groupKeys) (uint64, error) {
	if e.draining.Load() {
		return 0, e.refuseDraining()
	}
	return e.clients.connect(h, groups, e.clock.now())
}

// checkout decides takes, each by itself, and returns when what was granted is in the ledger.
func (e *engine) checkout(ctx context.Context, c *client, takes []take) ([]outcome, error) {
	outcomes := make([]outcome, len(takes))
	err := e.do(ctx, len(takes), func(now time.Duration) error {
		if err := e.book.spend(c, len(takes), now); err != nil {
			e.book.nameless.deny(messages.RateLimited, len(takes))
			return err
		}
		for i, t := range takes {
			outcomes[i] = e.book.take(c, t, now)
		}
		return nil
	})
	if err != nil {
		return nil, err // outcomes may still be written to: the committer may come to it yet
	}
	return outcomes, nil
}

// checkin returns seats, and returns when that is in the ledger.
func (e *engine) checkin(ctx context.Context, c *client, leases []messages.LeaseID, requests []messages.RequestID) error {
	weight := len(leases) + len(requests)
	return e.do(ctx, weight, func(now time.Duration) error {
		if err := e.book.spend(c, weight, now); err != nil {
			return err
		}
		return e.book.checkin(c, leases, requests, now)
	})
}

// ended tells of a lease that is not held.
type ended struct {
	lease  messages.LeaseID
	reason messages.Reason
}

// heartbeat renews the packed leases of a client and returns those that it does not hold. Only for these it asks the
// committer: what it tells of them then is in the ledger.
func (e *engine) heartbeat(ctx context.Context, c *client, leases []byte) ([]ended, error) {
	if e.draining.Load() {
		return nil, e.refuseDraining()
	}
	missed := e.table.beat(c.index, leases, e.clock.now())
	e.beaten.Add(int64(len(leases)/wire.IDLength - len(missed)))
	if len(missed) == 0 {
		return nil, nil
	}
	gone := make([]ended, 0, len(missed))
	err := e.do(ctx, len(missed), func(time.Duration) error {
		for _, at := range missed {
			lease := messages.LeaseID(leases[at:])
			if reason, held := e.book.why(c, lease); !held {
				gone = append(gone, ended{lease, reason})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return gone, nil
}

func (e *engine) refuseDraining() error {
	return &refusal{reason: messages.Draining, message: "the server is shutting down", retryAfter: e.cfg.RetryAfter}
}
