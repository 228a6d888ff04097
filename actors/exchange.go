package actors

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// chunksInFlight is how many chunks of one beat are under way at a time: one to be answered while the next is on its way.
const chunksInFlight = 2

// exchange runs I/O outside the actors, under a deadline, and sends what it returns to an actor. The runtime waits for
// all of them before it has stopped.
func (e *Tree) call(to *actor.PID, timeout time.Duration, run func(ctx context.Context) any) {
	e.goroutines.Go(func() {
		ctx, cancel := context.WithTimeout(e.ctx, timeout)
		defer cancel()
		e.send(to, run(ctx))
	})
}

// connect reaches a server at the first of the addresses that leads to it. Sessions to others are kept: they tell that
// the address has a new owner. Each reply is noted when it comes: a feature may have to decide whether to give up while
// the next address is being tried.
func (e *Tree) connect(link *ConnectionRef, o connect) any {
	result := &connected{seq: o.seq}
	for _, address := range o.addresses {
		f, err := e.open(address, o.timeout)
		if err == nil || transport.AsRefusal(err) != nil {
			link.NoteReply(e.now().mono)
		}
		switch {
		case err != nil:
			if transport.AsRefusal(result.err) == nil { // which says that the server was reached
				result.err = err
			}
			continue
		case o.serverID != "" && f.hello.Identity.ServerID != o.serverID:
			result.otherSessions = append(result.otherSessions, f)
			continue
		}
		result.address, result.session, result.hello = address, f.session, f.hello
		break
	}
	return result
}

// open connects to one address and checks what the server says of itself.
func (e *Tree) open(address messages.Address, timeout time.Duration) (dialled, error) {
	ctx, cancel := context.WithTimeout(transport.WithClient(e.ctx, e.Client), timeout)
	defer cancel()
	f, err := guarded(func() (dialled, error) {
		session, err := e.Transport.Connect(ctx, address)
		if err != nil {
			return dialled{}, err // a transport names the call itself
		}
		return dialled{address: address, session: session, hello: session.Hello()}, nil
	})
	if err != nil {
		return dialled{}, err
	}
	if err := sound(f.hello); err != nil {
		shut(f.session)
		return dialled{}, fmt.Errorf("connect %s: %w", address, err)
	}
	e.sessions.add(f.session)
	return f, nil
}

// close ends a session, once.
func (e *Tree) close(session transport.Session) {
	if e.sessions.take(session) {
		if !e.goroutines.Go(func() { shut(session) }) {
			shut(session)
		}
	}
}

// shut closes a session that nobody uses any more; what its Close says of it is of no use.
func shut(session transport.Session) {
	_, _ = guarded(func() (struct{}, error) { return struct{}{}, session.Close() })
}

// beat names all leases, in chunks; no lease at all is one empty chunk.
func (e *Tree) beat(ctx context.Context, o sendBeat) any {
	n := max(1, (len(o.leases)+transport.MaxLeases-1)/transport.MaxLeases)
	answers := make([]chunkAnswer, n)
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
	return &beatAnswered{seq: o.seq, chunks: answers}
}

func beatChunk(ctx context.Context, o sendBeat, i int) chunkAnswer {
	from := i * transport.MaxLeases
	leases := o.leases[from:min(from+transport.MaxLeases, len(o.leases))]
	reply, err := guarded(func() (transport.HeartbeatReply, error) { return o.session.Heartbeat(ctx, leases) })
	if err == nil {
		err = sound(reply.Hello)
	}
	return chunkAnswer{from: from, count: len(leases), reply: reply, err: err}
}

func (e *Tree) checkout(ctx context.Context, o checkout) any {
	reply, err := guarded(func() (transport.CheckoutReply, error) { return o.session.Checkout(ctx, o.takes) })
	if err == nil {
		err = sound(reply.Hello)
	}
	return &takesAnswered{seq: o.seq, reply: reply, err: err}
}

func (e *Tree) checkin(ctx context.Context, o checkinAll) any {
	reply, err := guarded(func() (transport.CheckinReply, error) { return o.session.Checkin(ctx, o.returns) })
	if err == nil {
		err = sound(reply.Hello)
	}
	return &returnsAnswered{seq: o.seq, reply: reply, err: err}
}

// sound checks a reply's identity: a reply without one cannot be believed.
func sound(h transport.Hello) error {
	switch {
	case !h.Identity.Valid():
		return fmt.Errorf("the server's reply has no valid identity: %v", h.Identity)
	case h.ClientTimeout <= 0:
		return fmt.Errorf("the server's reply has a client timeout of %s", h.ClientTimeout)
	default:
		return nil
	}
}

// guarded calls a transport, which is foreign code: its panic is a failed exchange, never ours.
func guarded[T any](call func() (T, error)) (result T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the transport panicked: %v", p)
		}
	}()
	return call()
}
