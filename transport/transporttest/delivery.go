package transporttest

import (
	"context"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// delivery is one call on its way from a session to a server and back. The steps, in order: dispatch, reach, arrive,
// execute, reply.
type delivery struct {
	session *session
	server  *Server
	call    Call

	// What is lost since the call was sent shows in these: another number means that the call, or its reply, is lost.
	cuts uint64
	lost losses

	// What the faults of the server were when the call was sent.
	vanishes   bool
	delay      time.Duration
	replyDelay time.Duration
}

// answer is what a delivery brings back.
type answer struct {
	reply   Reply
	err     error
	blocked *blockedCall // not nil: the call waits in the queue, and its answer arrives there
}

// deliver takes a call to the server at the address of the session, and returns the answer.
func deliver(ctx context.Context, from *session, call Call) answer {
	if err := from.usable(ctx); err != nil {
		return answer{err: err}
	}
	d, err := dispatch(from, call)
	if err != nil {
		return answer{err: err}
	}
	got := d.reach(ctx)
	if got.blocked != nil {
		got = d.awaitQueue(ctx, got.blocked)
	}
	if d.replyDelay > 0 && answered(got.err) {
		reply := got // the timer may fire after await has returned
		got = d.await(ctx, d.replyLost, after(d.replyDelay, func() answer { return reply }))
	}
	if answered(got.err) && from.halfOpen() {
		return d.await(ctx, d.replyLost, nil)
	}
	return got
}

// dispatch sends a call, unless the server is unreachable.
func dispatch(from *session, call Call) (*delivery, error) {
	s := from.endpoint.server.Load()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.try()
	cuts, ok := from.endpoint.reachable()
	if s.process.down || !ok {
		return nil, ErrUnreachable
	}
	return &delivery{
		session: from, server: s, call: call, cuts: cuts, lost: s.process.lost,
		vanishes: s.faults.vanish[call.Kind] || from.halfOpen(), delay: s.faults.delay[call.Kind], replyDelay: s.faults.replyDelay[call.Kind],
	}, nil
}

// reach lets the call arrive after its delay. A call that is delayed arrives even if its caller has gone by then, so it
// must not keep the slices of the caller.
func (d *delivery) reach(ctx context.Context) answer {
	switch {
	case d.vanishes:
		return d.await(ctx, d.requestLost, nil)
	case d.delay > 0:
		d.call = d.call.clone()
		return d.await(ctx, d.requestLost, after(d.delay, d.arrive))
	default:
		return d.arrive()
	}
}

// arrive runs the hooks around the execution of the call.
func (d *delivery) arrive() answer {
	onCall, arrived := d.count()
	if !arrived {
		return answer{err: ErrUnreachable}
	}
	if onCall != nil {
		onCall(d.call)
	}
	got := d.executeAndCopy()
	if got.blocked != nil {
		return got // its reply leaves when the queue has answered it
	}
	return d.reply(got)
}

// count counts a call that has arrived, and returns the hook that is to see it.
func (d *delivery) count() (onCall func(Call), arrived bool) {
	s := d.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.requestLostLocked() {
		return nil, false
	}
	s.stats.count(&d.call)
	return s.onCall, true
}

// executeAndCopy executes the call, and a copy of it if Duplicate asked for one.
func (d *delivery) executeAndCopy() (got answer) {
	s := d.server
	s.update(func() {
		if d.requestLostLocked() { // the hook stopped the server
			got = answer{err: ErrUnreachable}
			return
		}
		got = d.execute()
		later, copied := s.faults.copyRequest(d.call.Kind)
		switch {
		case copied && later <= 0:
			d.executeCopy()
		case copied:
			late := *d
			late.call = d.call.clone()
			time.AfterFunc(later, func() { s.update(late.executeCopy) })
		}
	})
	return got
}

// executeCopy executes a copy of the call, unless it is lost. The answer goes nowhere. The server is locked.
func (d *delivery) executeCopy() {
	if !d.requestLostLocked() {
		d.server.stats.count(&d.call)
		d.execute()
	}
}

// execute answers the call. The server is locked.
func (d *delivery) execute() answer {
	s, instance := d.server, d.call.Client.Instance
	if s.process.superseded(instance, d.session.number) {
		return answer{err: ErrSuperseded}
	}
	if refusal := s.faults.refusal[d.call.Kind]; refusal != nil {
		return answer{err: s.refuse(*refusal)}
	}
	if !d.call.wellFormed() {
		return answer{err: s.refuse(transport.Refusal{Reason: messages.Malformed, Message: "too few or too many items"})}
	}
	client := s.ledger.clients.number(instance)
	if s.process.admit(instance, d.session.number) {
		s.ledger.detach(ErrSuperseded, func(w *waiter) bool {
			return w.client == client && w.call.session < d.session.number
		})
	}
	reply := Reply{Hello: s.hello()}
	switch d.call.Kind {
	case Checkouts:
		if len(d.call.Takes) == 1 && d.call.Takes[0].Wait > 0 {
			return d.wait(client, &d.call.Takes[0])
		}
		reply.Outcomes = make([]transport.Outcome, len(d.call.Takes))
		for i := range d.call.Takes {
			reply.Outcomes[i] = s.ledger.take(client, &d.call.Takes[i])
		}
	case Heartbeats:
		reply.Ended = s.ledger.beat(client, d.call.Leases)
	case Checkins:
		for i := range d.call.Returns {
			s.ledger.checkin(client, &d.call.Returns[i])
		}
	}
	return answer{reply: reply}
}

// wait answers a take that may wait in the queue, or blocks the call until the queue answers it. The server is locked.
func (d *delivery) wait(client uint32, t *transport.Take) answer {
	s, request := d.server, t.Request
	call := &blockedCall{
		session: d.session.number,
		until:   s.ledger.now + int64(min(t.Wait, s.hello().Wait())),
		arrival: make(chan answer, 1),
		reply: func(o transport.Outcome) answer {
			o.Request = request
			return answer{reply: Reply{Hello: s.hello(), Outcomes: []transport.Outcome{o}}}
		},
	}
	if o, decided := s.ledger.wait(client, t, call); decided {
		return call.reply(o)
	}
	return answer{blocked: call}
}

// awaitQueue waits until the queue has answered the call. When the caller gives up before, the call leaves its take,
// which keeps its place for a while.
func (d *delivery) awaitQueue(ctx context.Context, call *blockedCall) answer {
	got := d.await(ctx, d.requestLost, call.arrival)
	d.server.update(func() {
		d.server.ledger.detach(ErrUnreachable, func(w *waiter) bool { return w.call == call })
	})
	return d.reply(got)
}

// reply lets an answer leave the server, which may change or lose it.
func (d *delivery) reply(got answer) answer {
	s := d.server
	s.mu.Lock()
	dropped, tamper := s.faults.dropReply(d.call.Kind), s.tamper
	s.mu.Unlock()
	if tamper != nil && got.err == nil {
		tamper(d.call, &got.reply)
		got.err = got.reply.Err
	}
	if dropped && answered(got.err) {
		return answer{err: ErrReplyLost}
	}
	return got
}

// await waits for what arrives, until the context or the session of the caller ends, or lost returns true.
func (d *delivery) await(ctx context.Context, lost func() bool, arrival <-chan answer) answer {
	for {
		changed := d.server.watch()
		if lost() {
			return answer{err: ErrUnreachable}
		}
		select {
		case got := <-arrival:
			return got
		case <-ctx.Done():
			return answer{err: ctx.Err()}
		case <-d.session.closed:
			return answer{err: ErrClosed}
		case <-changed:
		}
	}
}

// requestLost reports whether the server went down or restarted, or its address was cut, since the call was sent.
func (d *delivery) requestLost() bool {
	d.server.mu.Lock()
	defer d.server.mu.Unlock()
	return d.requestLostLocked()
}

func (d *delivery) requestLostLocked() bool {
	return d.server.process.lost.requests != d.lost.requests || d.session.endpoint.cuts.Load() != d.cuts
}

// replyLost reports whether the server went down or its address was cut since the call was sent. A restart does not
// lose a reply, which was sent before.
func (d *delivery) replyLost() bool {
	d.server.mu.Lock()
	defer d.server.mu.Unlock()
	return d.server.process.lost.replies != d.lost.replies || d.session.endpoint.cuts.Load() != d.cuts
}

// after calls f when d has passed, whether or not somebody still waits, and returns where the result arrives.
func after(d time.Duration, f func() answer) <-chan answer {
	arrival := make(chan answer, 1)
	time.AfterFunc(d, func() { arrival <- f() })
	return arrival
}

// answered reports whether the error of a call that arrived came from the server: then there is a reply or a refusal
// that can be lost.
func answered(err error) bool { return err == nil || transport.AsRefusal(err) != nil }
