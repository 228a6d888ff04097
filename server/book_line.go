package server

import (
	"container/list"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// lines are the takes that wait for seats, one line for each pool: it is in the pool. Only the first of a line is
// granted, when its whole count is free. Until then later ones wait, and newcomers are refused, even if fewer seats would
// do: so nobody is starved. A take that raises what is held at no version does not stand behind others: one that replaces
// as much as it takes, and one that shares seats which its group holds, even if it holds them only since the take waits.
//
// Lines are not in the ledger: after a restart those who come back wait anew.
type lines struct {
	places  map[requestKey]*place
	stirred []uint32    // pools whose line is to be served
	decided []*heldCall // to be told when the ledger has what was decided
}

// place is a take in line. It is kept for a while when no call waits for it: the client repeats its request.
type place struct {
	client *client
	take   take
	pool   uint32
	at     *list.Element // of the line of the pool
	call   *heldCall     // nil while none waits
	left   time.Duration // since when none does
}

// stillInLine is how soon a client whose wait is over is asked to come back.
const stillInLine = time.Millisecond

// maxWait returns how long one call is held at most, and keepPlace how long a place is kept that no call waits for.
func maxWait(clientTimeout time.Duration) time.Duration { return min(clientTimeout/3, wire.MaxWait) }
func keepPlace(clientTimeout time.Duration) time.Duration {
	return min(clientTimeout/3, wire.KeepPlace)
}

// wait decides a take that may wait in line, or puts it there: then waits is true and the call is answered later.
func (b *book) wait(c *client, t take, call *heldCall, now time.Duration) (o outcome, waits bool) {
	if pl := b.lines.places[requestKey{c.index, t.request}]; pl != nil && t.fault == "" {
		return b.comeBack(pl, t, call, now)
	}
	before := b.seq
	o = b.ask(c, t, now)
	switch {
	case o.reason != messages.NoSeats || b.unservable(t).result != 0:
	case c.waiting >= b.limits.ClientWaiting:
		o = b.later(messages.RateLimited, "the client waits in line too often")
	case len(b.lines.places) >= b.limits.Waiting:
		o = b.later(messages.Busy, "too many wait in line")
	default:
		b.join(c, t, call)
		return outcome{}, true
	}
	b.tell(c, t, o, before)
	return o, false
}

// comeBack lets a later call wait for a place in line.
func (b *book) comeBack(pl *place, t take, call *heldCall, now time.Duration) (o outcome, waits bool) {
	if pl.take.feature != t.feature || pl.take.count != t.count {
		o = refuse(messages.Malformed, "the request id was used for other seats")
	} else if o = b.unservable(pl.take); o.result != 0 {
		b.leave(pl, outcome{}, errOvertaken)
	}
	if o.result != 0 {
		b.tell(pl.client, t, o, b.seq)
		return o, false
	}
	b.answer(pl, outcome{}, errOvertaken)
	pl.call = call
	b.serveSharer(pl, now)
	b.stir(pl.pool)
	return outcome{}, true
}

// unservable refuses a take for which it makes no sense to wait.
func (b *book) unservable(t take) outcome {
	_, p := b.pools.find(t.feature)
	served, reason := p.serve(t.version, t.exact)
	switch {
	case reason != messages.NoReason:
		return outcome{result: refused, reason: reason, message: p.missing(reason)}
	case t.count > p.most(served):
		return refuse(messages.NoSeats, "there are %d seats", p.most(served))
	default:
		return outcome{}
	}
}

// join puts a take at the end of the line.
func (b *book) join(c *client, t take, call *heldCall) {
	index, p := b.pools.find(t.feature)
	pl := &place{client: c, take: t, pool: index, call: call}
	pl.at = p.line.PushBack(pl)
	b.lines.places[requestKey{c.index, t.request}] = pl
	c.waiting++
}

// giveUp gives up a place, if there is one, whose client does not want it any more: its take is denied. A call that waits
// for it is answered so.
func (b *book) giveUp(pl *place, o outcome) {
	if pl == nil {
		return
	}
	if o.reason != messages.Replaced { // by a take that is told of itself
		b.tell(pl.client, pl.take, refuse(messages.NoSeats, "gave up waiting in line"), b.seq)
	}
	b.leave(pl, o, nil)
}

// leave gives up a place, if there is one. A call that waits for it is answered so.
func (b *book) leave(pl *place, o outcome, err error) {
	if pl == nil {
		return
	}
	b.answer(pl, o, err)
	b.pools.all[pl.pool].line.Remove(pl.at)
	delete(b.lines.places, requestKey{pl.client.index, pl.take.request})
	pl.client.waiting--
	b.stir(pl.pool)
}

// answer ends the call that waits for a place, if any does.
func (b *book) answer(pl *place, o outcome, err error) {
	if pl.call != nil {
		pl.call.outcome, pl.call.err = o, err
		b.lines.decided = append(b.lines.decided, pl.call)
		pl.call = nil
	}
}

// answerCalls tells the calls whose places were decided. The ledger has what was decided.
func (b *book) answerCalls() {
	for _, call := range b.lines.decided {
		close(call.done)
	}
	clear(b.lines.decided)
	b.lines.decided = b.lines.decided[:0]
}

// stir makes the line of a pool be served: seats came back, or another is first.
func (b *book) stir(index uint32) {
	if p := b.pools.all[index]; p.line.Len() > 0 && !p.stirred {
		p.stirred = true
		b.lines.stirred = append(b.lines.stirred, index)
	}
}

// stirAll makes all lines be served.
func (b *book) stirAll() {
	for index := range b.pools.all {
		b.stir(uint32(index))
	}
}

// serveLines decides about those who are first in lines that were stirred, up to limit of them, and reports whether there
// may be more.
func (b *book) serveLines(now time.Duration, limit int) (more bool) {
	for len(b.lines.stirred) > 0 {
		last := len(b.lines.stirred) - 1
		index := b.lines.stirred[last]
		b.lines.stirred = b.lines.stirred[:last]
		b.pools.all[index].stirred = false
		if limit -= b.serveLine(b.pools.all[index], now, limit); limit <= 0 {
			b.stir(index)
			return true
		}
	}
	return false
}

// serveLine decides about up to limit of those in a line, and returns about how many: the first ones, and those who share
// seats that their group has got since.
func (b *book) serveLine(p *pool, now time.Duration, limit int) (n int) {
	for n < limit && b.serveFirst(p, now) {
		n++
	}
	if !p.review {
		return n
	}
	for at := p.line.Front(); at != nil; {
		if n >= limit {
			return n
		}
		pl := at.Value.(*place)
		at = at.Next() // before the place leaves
		if b.serveSharer(pl, now) {
			n++
		}
	}
	p.review = false
	return n
}

// serveFirst decides about the first in a line and reports whether it did. Nothing is decided while no call waits for it.
func (b *book) serveFirst(p *pool, now time.Duration) bool {
	first := p.line.Front()
	if first == nil {
		return false
	}
	pl := first.Value.(*place)
	if b.hangUp(pl, now); pl.call == nil {
		return false
	}
	before, o := b.seq, b.unservable(pl.take)
	if o.result == 0 {
		t := pl.take
		t.first = true
		o = b.decide(pl.client, t, now)
		if o.reason == messages.NoSeats {
			return false
		}
	}
	b.tell(pl.client, pl.take, o, before)
	b.leave(pl, o, nil)
	return true
}

// serveSharer grants a take in line what it takes no further seats for, and reports whether it did.
func (b *book) serveSharer(pl *place, now time.Duration) bool {
	p := b.pools.all[pl.pool]
	if _, held := b.pools.groups.of[groupPlace{pl.pool, p.share, pl.client.groupKey(p.share)}]; !held {
		return false
	}
	if b.hangUp(pl, now); pl.call == nil || b.unservable(pl.take).result != 0 {
		return false
	}
	before := b.seq
	o := b.decide(pl.client, pl.take, now)
	if o.result != granted {
		return false
	}
	b.tell(pl.client, pl.take, o, before)
	b.leave(pl, o, nil)
	return true
}

// hangUp notes when the call of a place has ended. The place is kept for a while.
func (b *book) hangUp(pl *place, now time.Duration) {
	if pl.call == nil {
		return
	}
	if err := pl.call.over(pl.client); err != nil {
		b.answer(pl, outcome{}, err)
		pl.left = now
	}
}

// tidyLines drops the places of clients that did not come back.
func (b *book) tidyLines(now time.Duration) {
	kept := keepPlace(b.timeout)
	for _, pl := range b.lines.places {
		if b.hangUp(pl, now); pl.call == nil && now-pl.left >= kept {
			b.giveUp(pl, outcome{})
		}
	}
}
