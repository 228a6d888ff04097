package actors

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/internal/fifo"
)

// tellsAtOnce is how many features are told something before those who were get their turn. Few enough that a burst's
// messages, and what they cause, take no memory to speak of; many enough that a turn costs nothing beside them.
const tellsAtOnce = 4096

// outbox sends what a connection has to say to features and to other connections, in order. A burst of a million messages
// goes out in parts: the next one when the features of the last had their turn. (All at once they took 100 bytes each
// while they waited.) The zero value is an empty outbox.
type outbox struct {
	burst   protocol.TellAll            // what is left of the one under way
	behind  fifo.Queue[protocol.Effect] // tell, tellAll and forward, to be sent after it
	waiting bool                        // a tellMore is on its way
}

// tellMore lets a connection go on with a burst.
type tellMore struct{ protocol.Message }

// post sends an effect, or queues it behind what waits.
func (o *outbox) post(env *Tree, self *actor.PID, e protocol.Effect) {
	o.behind.Push(e)
	if !o.waiting {
		o.send(env, self)
	}
}

// goOn sends the next part.
func (o *outbox) goOn(env *Tree, self *actor.PID) {
	o.waiting = false
	o.send(env, self)
}

// send tells so many features at once, and comes back for the rest when those who were told had their turn.
func (o *outbox) send(env *Tree, self *actor.PID) {
	for room := tellsAtOnce; room > 0; room-- {
		if !o.next(env) {
			return
		}
	}
	o.waiting = true
	env.dispatcher.Schedule(func() { env.send(self, &tellMore{}) })
}

// flush sends everything.
func (o *outbox) flush(env *Tree) {
	for o.next(env) {
	}
}

// next sends one message. It returns false when there is none.
func (o *outbox) next(env *Tree) bool {
	for len(o.burst.To) == 0 {
		o.burst = protocol.TellAll{}
		e, ok := o.behind.Pop()
		if !ok {
			return false
		}
		switch e := e.(type) {
		case protocol.TellAll:
			o.burst = e
		case protocol.Tell:
			env.send(e.To.PID, e.In)
			return true
		case protocol.Forward:
			env.send(e.To.PID(), e.In)
			return true
		}
	}
	env.send(o.burst.To[0].PID, o.burst.In)
	o.burst.To = o.burst.To[1:]
	return true
}
