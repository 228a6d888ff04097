package feature

import (
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// round is one pass of one feature over the servers: a first checkout, or a failover round. It knows whom to ask next and
// what was answered; the machine decides what follows.
type round struct {
	began protocol.Instant
	queue []messages.Address // servers to be asked, in search order; shared between features and never changed
	heard []string           // ServerIDs of those that answered: a server may be in the search list under several addresses

	// Of a first checkout.
	deadline protocol.Instant  // when the caller's context ends; zero: not by itself
	answers  []messages.Answer // of the servers asked so far
	waiting  bool              // the checkout waits in the queue of a server that had no free seats

	// Of a failover round.
	trigger     *protocol.HeartbeatFailed // the failed heartbeat that began it; nil: this is a first checkout
	originAsked bool                      // the origin, which comes last, has been asked
	refusal     *protocol.SeatRefused     // the last final refusal; nil: none
	reached     bool                      // a server replied since the round began
}

// newFirstCheckout returns the round of a first checkout.
func newFirstCheckout(now protocol.Instant, servers []messages.Address, deadline protocol.Instant) *round {
	return &round{began: now, queue: servers, deadline: deadline}
}

// newFailover returns a failover round over the servers other than the origin.
func newFailover(now protocol.Instant, trigger *protocol.HeartbeatFailed) *round {
	return &round{began: now, queue: trigger.Others, trigger: trigger}
}

// next takes the next server off the queue, which must not be empty, and returns the order to ask it. The
// server gets no more time to answer than most.
func (r *round) next(now protocol.Instant, take uint32, most time.Duration) protocol.Effect {
	timeout := r.shareOfDeadline(now, most)
	address := r.queue[0]
	r.queue = r.queue[1:]
	mode := protocol.FirstMode
	if r.trigger != nil {
		mode = protocol.RoundMode
	}
	return protocol.TakeSeat{
		Take: take, Address: address, Mode: mode, Began: r.began, Timeout: timeout, Answered: slices.Clip(r.heard),
	}
}

// shareOfDeadline returns how long the next server may take to answer: an equal share of the time until the
// caller's deadline, but no more than most.
func (r *round) shareOfDeadline(now protocol.Instant, most time.Duration) time.Duration {
	if r.deadline == (protocol.Instant{}) {
		return most
	}
	left := r.deadline.Mono - now.Mono
	return max(min(most, left/time.Duration(len(r.queue))), time.Millisecond)
}

// nextIsOrigin returns the order to ask the origin, as the last server of a failover round.
func (r *round) nextIsOrigin(take uint32, origin *protocol.ConnectionRef, timeout time.Duration) protocol.Effect {
	r.originAsked = true
	return protocol.TakeSeat{Take: take, Connection: origin, Mode: protocol.RoundMode, Began: r.began, Timeout: timeout}
}

// wait returns the order to ask the first server that had no free seats again, and to wait in its queue.
func (r *round) wait(take uint32) protocol.Effect {
	r.waiting = true
	server := r.answers[r.withoutSeats()].Server
	return protocol.TakeSeat{Take: take, Address: server.Address, Mode: protocol.WaitMode, Began: r.began}
}

// answered notes a server's answer to a first checkout. The server in whose queue the checkout waits has answered before:
// its new answer replaces the old one.
func (r *round) answered(a messages.Answer) {
	if i := r.withoutSeats(); r.waiting && i >= 0 {
		r.answers[i] = a
		return
	}
	r.answers = append(r.answers, a)
}

// withoutSeats returns the position of the first answer that no seats are free; -1 when there is none.
func (r *round) withoutSeats() int {
	return slices.IndexFunc(r.answers, func(a messages.Answer) bool { return a.Reason == messages.NoSeats })
}

// refused notes a final refusal in a failover round.
func (r *round) refused(in *protocol.SeatRefused) { r.refusal, r.reached = in, true }

// hear notes that a server answered, whatever its answer is: it is asked once in a round.
func (r *round) hear(server messages.Server) {
	if server.ID != "" && !r.hasHeard(server) {
		r.heard = append(r.heard, server.ID)
	}
}

// hasHeard reports whether a server has answered in this round.
func (r *round) hasHeard(server messages.Server) bool { return slices.Contains(r.heard, server.ID) }

// noteReached notes whether a server replied since the round began.
func (r *round) noteReached(reached bool) { r.reached = r.reached || reached }
