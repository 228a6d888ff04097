package actors

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/actors/connection"
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/internal/hostcode"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// chunksInFlight is how many chunks of one heartbeat are under way at a time: one is answered while the next is on its way.
const chunksInFlight = 2

// calls runs I/O outside of the actors, each call on a goroutine of its own and under a deadline, and sends the result to
// an actor. Its methods are safe for concurrent use.
type calls struct {
	host      *Host
	transport *hostTransport
	store     *hostcode.Guard
	clock     clock
	ctx       context.Context // of all calls; ends when the runtime stops
	cancel    context.CancelFunc
	sessions  sessions

	mu      sync.Mutex // guards the fields below
	stopped bool       // no further goroutine may start
	running sync.WaitGroup
}

func newCalls(host *Host, clock clock) *calls {
	c := &calls{
		host: host, transport: newHostTransport(host.Transport), store: hostcode.New("the outage store", 0), clock: clock,
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// stop cancels all calls, closes all sessions, and waits until no goroutine of a call is left.
func (c *calls) stop() {
	c.cancel()
	c.sessions.closeAll()
	c.mu.Lock()
	c.stopped = true
	c.mu.Unlock()
	c.running.Wait()
}

// start runs do on a goroutine of its own. After stop it reports false and does nothing. (A WaitGroup
// alone must not be added to while it is being waited for.)
func (c *calls) start(do func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopped {
		c.running.Go(do)
	}
	return !c.stopped
}

// run makes a call under a deadline, and sends its result to an actor.
func (c *calls) run(to *actor.PID, timeout time.Duration, call func(ctx context.Context) any) {
	c.start(func() {
		ctx, cancel := context.WithTimeout(c.ctx, timeout)
		defer cancel()
		c.host.System.Root.Send(to, call(ctx))
	})
}

// after calls do when d has passed or the runtime stops.
func (c *calls) after(d time.Duration, do func()) {
	c.start(func() {
		ctx, cancel := context.WithTimeout(c.ctx, d)
		defer cancel()
		<-ctx.Done()
		do()
	})
}

// connect reaches a server at the first of the addresses that leads to it. A session to another server is kept: it
// shows that the address leads to another server now. Each reply is noted when it arrives, because a feature may have
// to decide whether to exit while the next address is being tried.
func (c *calls) connect(ref *protocol.ConnectionRef, o connection.Connect) any {
	result := &connection.Connected{Seq: o.Seq}
	for _, address := range o.Addresses {
		d, err := c.dial(address, o.Timeout)
		if err == nil || transport.AsRefusal(err) != nil {
			ref.NoteReply(c.clock.now().Mono)
		}
		switch {
		case err != nil:
			if transport.AsRefusal(result.Err) == nil { // an earlier refusal is kept, because it shows that the server was reached
				result.Err = err
			}
			continue
		case o.ServerID != "" && d.Hello.Identity.ServerID != o.ServerID:
			result.OtherSessions = append(result.OtherSessions, d)
			continue
		}
		result.Address, result.Session, result.Hello = address, d.Session, d.Hello
		break
	}
	return result
}

// dial opens a session to one address, and checks the server's Hello.
func (c *calls) dial(address messages.Address, timeout time.Duration) (protocol.Dialled, error) {
	ctx, cancel := context.WithTimeout(transport.WithClient(c.ctx, c.host.Client), timeout)
	defer cancel()
	session, err := c.transport.Connect(ctx, address)
	if err != nil {
		return protocol.Dialled{}, err
	}
	d := protocol.Dialled{Address: address, Session: session, Hello: session.Hello()}
	if err := checkHello(d.Hello); err != nil {
		closeQuietly(session)
		return protocol.Dialled{}, fmt.Errorf("connect %s: %w", address, err)
	}
	c.sessions.add(d.Session)
	return d, nil
}

// closeSession closes a session, once.
func (c *calls) closeSession(session transport.Session) {
	if c.sessions.remove(session) {
		if !c.start(func() { closeQuietly(session) }) {
			closeQuietly(session)
		}
	}
}

// beat sends one heartbeat with all leases, in chunks. Without a lease it sends one empty chunk.
func (c *calls) beat(ctx context.Context, o connection.SendBeat) any {
	n := max(1, (len(o.Leases)+transport.MaxLeases-1)/transport.MaxLeases)
	answers := make([]connection.ChunkAnswer, n)
	var next atomic.Int64
	work := func() {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			answers[i] = beatChunk(ctx, o, i)
		}
	}
	var workers sync.WaitGroup
	for range min(n, chunksInFlight) - 1 {
		workers.Go(work)
	}
	work()
	workers.Wait()
	return &connection.BeatAnswered{Seq: o.Seq, Chunks: answers}
}

func beatChunk(ctx context.Context, o connection.SendBeat, i int) connection.ChunkAnswer {
	from := i * transport.MaxLeases
	leases := o.Leases[from:min(from+transport.MaxLeases, len(o.Leases))]
	if ctx.Err() != nil { // the chunks before have used up the time
		return connection.ChunkAnswer{From: from, Count: len(leases), Err: context.Cause(ctx)}
	}
	reply, err := o.Session.Heartbeat(ctx, leases)
	if err == nil {
		err = checkHello(reply.Hello)
	}
	return connection.ChunkAnswer{From: from, Count: len(leases), Reply: reply, Err: err}
}

// checkout sends takes.
func (c *calls) checkout(ctx context.Context, o connection.Checkout) any {
	reply, err := o.Session.Checkout(ctx, o.Takes)
	if err == nil {
		err = checkHello(reply.Hello)
	}
	return &connection.TakesAnswered{Seq: o.Seq, Reply: reply, Err: err}
}

// checkin sends returns.
func (c *calls) checkin(ctx context.Context, o connection.CheckinAll) any {
	reply, err := o.Session.Checkin(ctx, o.Returns)
	if err == nil {
		err = checkHello(reply.Hello)
	}
	return &connection.ReturnsAnswered{Seq: o.Seq, Reply: reply, Err: err}
}

// checkHello returns an error for a reply that does not identify its server, because such a reply cannot be trusted.
func checkHello(h transport.Hello) error {
	switch {
	case !h.Identity.Valid():
		return fmt.Errorf("the server's reply has no valid identity: %v", h.Identity)
	case h.ClientTimeout <= 0:
		return fmt.Errorf("the server's reply has a client timeout of %s", h.ClientTimeout)
	default:
		return nil
	}
}
