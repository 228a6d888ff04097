package actors

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/internal/fifo"
)

// tellsAtOnce is how many features are told something before those who were get their turn. Few enough that a burst's
// messages, and what they cause, take no memory to speak of; many enough that a turn costs nothing beside them.
const tellsAtOnce = 4096

// outbox sends what a connection has to say to features and to other connections, in order. A burst of a million messages
// goes out in parts: the next one when the features of the last had their turn. (All at once they took 100 bytes each
// while they waited.) The zero value is an empty outbox.
type outbox struct {
	burst   tellAll            // what is left of the one under way
	behind  fifo.Queue[Effect] // tell, tellAll and forward, to be sent after it
	waiting bool               // a tellMore is on its way
}

// tellMore lets a connection go on with a burst.
type tellMore struct{ Message }

// post sends an effect, or queues it behind what waits.
func (o *outbox) post(env *Tree, self *actor.PID, e Effect) {
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
	for len(o.burst.to) == 0 {
		o.burst = tellAll{}
		e, ok := o.behind.Pop()
		if !ok {
			return false
		}
		switch e := e.(type) {
		case tellAll:
			o.burst = e
		case tell:
			env.send(e.to.PID, e.in)
			return true
		case forward:
			env.send(e.to.PID(), e.in)
			return true
		}
	}
	env.send(o.burst.to[0].PID, o.burst.in)
	o.burst.to = o.burst.to[1:]
	return true
}
