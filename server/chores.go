package server

import (
	"time"
)

// tick notes the passing of time: a stall of the server, licences that run out, clients that fell silent.
func (e *engine) tick() {
	if stall := e.watch.tick(e.clock.raw()); stall > 0 {
		e.clock.skip(stall)
		e.watch.hush(e.clock.now(), stall, e.grace())
		e.log.Warn("server was stalled: every lease is extended by as much", "stall", stall)
	}
	e.age()
	e.book.tidyLines(e.clock.now())
	e.clients.forget(e.clock.now() - e.cfg.ClientTimeout)
}

// age begins and ends what licences allow by now, and keeps the time, so that they stay so.
func (e *engine) age() {
	begun, over := e.book.pools.turned()
	e.expiring = e.book.pools.age(e.calendar.tick(e.clock.raw()))
	e.busy = e.busy || e.expiring
	nowBegun, nowOver := e.book.pools.turned()
	if nowBegun != begun || nowOver != over {
		e.book.stirAll() // there may be more seats, or those who wait may wait for nothing now
	}
	if nowOver > over || e.calendar.due() {
		e.keepMark()
	}
}

// grace is how long after a stall nothing expires, so that the heartbeats that waited meanwhile are read first.
func (e *engine) grace() time.Duration { return min(e.cfg.ClientTimeout/10, 10*time.Second) }

// chores ends what is overdue and forgets what was remembered long enough, a bounded number in each round.
func (e *engine) chores() {
	now := e.clock.now()
	e.busy = false
	if e.watch.lets(now) && e.book.expire(now, choreWeight) {
		e.busy = true
	}
	if e.expiring {
		e.expiring = e.book.endExpired(now, choreWeight)
		e.busy = e.busy || e.expiring
	}
	if e.book.forget(now, choreWeight) {
		e.busy = true
	}
}
