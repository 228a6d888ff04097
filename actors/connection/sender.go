package connection

import (
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/transport"
)

// maxWaiting is how many calls of a connection may be under way that wait in line for seats. Further ones wait here for
// their turn, in the order in which they came.
const maxWaiting = 64

// sendTakes sends what is queued, in batches.
func (c *Machine) sendTakes(now protocol.Instant) []protocol.Effect {
	if now.Before(c.askAfter) || c.session == nil {
		return nil
	}
	var effects []protocol.Effect
	for len(c.takes.batches)-c.takes.waits < maxBatches {
		takes := c.takes.pop(transport.MaxBatch)
		if len(takes) == 0 {
			break
		}
		effects = append(effects, c.send(now, &batch{takes: takes}, c.set.ConnectTimeout))
	}
	return append(effects, c.sendWaiting(now)...)
}

// send sends a batch.
func (c *Machine) send(now protocol.Instant, b *batch, timeout time.Duration) protocol.Effect {
	b.sent, b.life, b.session = &protocol.Instant{Mono: now.Mono, Wall: now.Wall}, c.life, c.session
	wire := make([]transport.Take, len(b.takes))
	for i, t := range b.takes {
		c.takes.startClock(now, t)
		t.tries++
		wire[i] = t.wire()
	}
	if b.waits {
		wire[0].Wait = c.hello.Wait()
	}
	c.seq++
	c.takes.batches[c.seq] = b
	return Checkout{Seq: c.seq, Session: c.session, Takes: wire, Timeout: timeout}
}

// sendWaiting sends the takes that wait for seats, each in a call of its own that the server may hold: it is silent only
// when the wait is over and ConnectTimeout more.
func (c *Machine) sendWaiting(now protocol.Instant) []protocol.Effect {
	var effects []protocol.Effect
	for c.takes.waits < maxWaiting {
		takes := c.takes.popWaiting()
		if len(takes) == 0 {
			break
		}
		c.takes.waits++
		effects = append(effects, c.send(now, &batch{takes: takes, waits: true}, c.hello.Wait()+c.set.ConnectTimeout))
	}
	return effects
}

// landed takes a batch that was answered off the list.
func (b *takeBook) landed(seq uint64) {
	if b.batches[seq].waits {
		b.waits--
	}
	delete(b.batches, seq)
}

// leastPause is the shortest pause before a take that waits is sent again, so that a server that does not hold the call
// is not asked without end. It is short beside the time for which a place in line is kept.
func (c *Machine) leastPause() time.Duration {
	return min(c.hello.ClientTimeout/30, 100*time.Millisecond)
}
