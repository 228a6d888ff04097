package actors

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/internal/fifo"
)

// tellsAtOnce is how many messages of a burst are sent before their receivers run. Fewer messages cost more turns of
// the connection; more messages take more memory while they wait.
const tellsAtOnce = 4096

// outbox sends the messages of a connection to features and other connections, in order. A burst of a million messages
// is sent in parts. The next part follows when the receivers of the last part have run. (Sent at once, each message
// took 100 bytes while it waited.) The zero value is an empty outbox.
type outbox struct {
	burst   protocol.TellAll            // the rest of the TellAll being sent
	queue   fifo.Queue[protocol.Effect] // Tell, TellAll and Forward, to be sent after it
	waiting bool                        // a tellMore is on its way
}

// tellMore lets a connection send the next part of a burst.
type tellMore struct{ protocol.Message }

// post sends an effect after the effects that wait.
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

// sendPart sends the next part of the waiting messages. If more messages are left, a tellMore arrives when the
// receivers have run.
func (o *outbox) sendPart(t *Tree, self *actor.PID) {
	for range tellsAtOnce {
		if !o.sendNext(t) {
			return
		}
	}
	o.waiting = true
	t.dispatcher.Schedule(func() { t.send(self, &tellMore{}) })
}

// flush sends all waiting messages.
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
