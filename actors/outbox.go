package actors

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/internal/fifo"
)

// tellsAtOnce is how many messages of a burst are sent before the features that got them have their turn: so few that the
// messages, and what they cause, take little memory, and so many that a turn costs little beside them.
const tellsAtOnce = 4096

// outbox sends what a connection tells features and other connections, in order. A burst of a million messages goes out
// in parts: each part when the features of the one before have had their turn. (Sent at once, the messages took 100 bytes
// each while they waited.) The zero value is an empty outbox.
type outbox struct {
	burst   protocol.TellAll            // what is left of the TellAll being sent
	queue   fifo.Queue[protocol.Effect] // Tell, TellAll and Forward, to be sent after it
	waiting bool                        // a tellMore is on its way
}

// tellMore lets a connection send the next part of a burst.
type tellMore struct{ protocol.Message }

// post sends an effect, after those that wait.
func (o *outbox) post(t *Tree, self *actor.PID, e protocol.Effect) {
	o.queue.Push(e)
	if !o.waiting {
		o.sendPart(t, self)
	}
}

// more handles tellMore.
func (o *outbox) more(t *Tree, self *actor.PID) {
	o.waiting = false
	o.sendPart(t, self)
}

// sendPart sends the next part of what waits. If something is left, a tellMore comes when the receivers have had their
// turn.
func (o *outbox) sendPart(t *Tree, self *actor.PID) {
	for range tellsAtOnce {
		if !o.sendNext(t) {
			return
		}
	}
	o.waiting = true
	t.dispatcher.Schedule(func() { t.send(self, &tellMore{}) })
}

// flush sends everything that waits.
func (o *outbox) flush(t *Tree) {
	for o.sendNext(t) {
	}
}

// sendNext sends one message. It returns false when there is none.
func (o *outbox) sendNext(t *Tree) bool {
	for len(o.burst.To) == 0 {
		o.burst = protocol.TellAll{}
		e, ok := o.queue.Pop()
		if !ok {
			return false
		}
		switch e := e.(type) {
		case protocol.TellAll:
			o.burst = e
		case protocol.Tell:
			t.send(e.To.PID, e.In)
			return true
		case protocol.Forward:
			t.send(e.To.PID(), e.In)
			return true
		}
	}
	t.send(o.burst.To[0].PID, o.burst.In)
	o.burst.To = o.burst.To[1:]
	return true
}
