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
func (e *Tree) connect(link *protocol.ConnectionRef, o connection.Connect) any {
	result := &connection.Connected{Seq: o.Seq}
	for _, address := range o.Addresses {
		f, err := e.open(address, o.Timeout)
		if err == nil || transport.AsRefusal(err) != nil {
			link.NoteReply(e.now().Mono)
		}
		switch {
		case err != nil:
			if transport.AsRefusal(result.Err) == nil { // which says that the server was reached
				result.Err = err
			}
			continue
		case o.ServerID != "" && f.Hello.Identity.ServerID != o.ServerID:
			result.OtherSessions = append(result.OtherSessions, f)
			continue
		}
		result.Address, result.Session, result.Hello = address, f.Session, f.Hello
		break
	}
	return result
}

// open connects to one address and checks what the server says of itself.
func (e *Tree) open(address messages.Address, timeout time.Duration) (protocol.Dialled, error) {
	ctx, cancel := context.WithTimeout(transport.WithClient(e.ctx, e.Client), timeout)
	defer cancel()
	f, err := guarded(func() (protocol.Dialled, error) {
		session, err := e.Transport.Connect(ctx, address)
		if err != nil {
			return protocol.Dialled{}, err // a transport names the call itself
		}
		return protocol.Dialled{Address: address, Session: session, Hello: session.Hello()}, nil
	})
	if err != nil {
		return protocol.Dialled{}, err
	}
	if err := sound(f.Hello); err != nil {
		shut(f.Session)
		return protocol.Dialled{}, fmt.Errorf("connect %s: %w", address, err)
	}
	e.sessions.add(f.Session)
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
func (e *Tree) beat(ctx context.Context, o connection.SendBeat) any {
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
	reply, err := guarded(func() (transport.HeartbeatReply, error) { return o.Session.Heartbeat(ctx, leases) })
	if err == nil {
		err = sound(reply.Hello)
	}
	return connection.ChunkAnswer{From: from, Count: len(leases), Reply: reply, Err: err}
}

func (e *Tree) checkout(ctx context.Context, o connection.Checkout) any {
	reply, err := guarded(func() (transport.CheckoutReply, error) { return o.Session.Checkout(ctx, o.Takes) })
	if err == nil {
		err = sound(reply.Hello)
	}
	return &connection.TakesAnswered{Seq: o.Seq, Reply: reply, Err: err}
}

func (e *Tree) checkin(ctx context.Context, o connection.CheckinAll) any {
	reply, err := guarded(func() (transport.CheckinReply, error) { return o.Session.Checkin(ctx, o.Returns) })
	if err == nil {
		err = sound(reply.Hello)
	}
	return &connection.ReturnsAnswered{Seq: o.Seq, Reply: reply, Err: err}
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
