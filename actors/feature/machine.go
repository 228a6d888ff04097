package feature

import (
	"slices"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// Machine is the state machine of one checkout. It decides what state the application sees and which server is asked for
// the seats. It knows neither requests nor leases, which belong to connections; it numbers its takes instead, and a lease
// is "the lease that take 3 brought".
//
// The methods are not safe for concurrent use; the feature's actor calls them.
type Machine struct {
	set    *protocol.Settings
	member *protocol.Member // what was checked out

	mayWait   bool // the first checkout may wait in the queue of a server without free seats
	resyncing bool // the actor was restarted after a panic, and the origin is being asked what the feature holds
	state     messages.State
	rounds    int32  // rounds that ended since FailingOver was entered, or since the failed count last began again
	round     *round // the round under way; nil: none
	seats     seats
}

// New returns the machine of a checkout that has not begun. The member says what is checked out. mayWait lets the first
// checkout wait in the queue of a server that has no free seats.
func New(set *protocol.Settings, member *protocol.Member, mayWait bool) Machine {
	return Machine{set: set, member: member, mayWait: mayWait}
}

// Reset forgets everything but what was checked out, after a panic of the actor. The arguments are what the application's
// handle was shown last; Restarted must be the next input.
func (f *Machine) Reset(state messages.State, origin *protocol.ConnectionRef, local bool) {
	f.state, f.seats = state, seats{take: f.seats.take, origin: origin, local: local}
	f.rounds, f.round, f.resyncing = 0, nil, false
}

// Show publishes to the member what the application's handle reads.
func (f *Machine) Show() { f.member.Show(f.state, f.seats.origin, f.seats.local) }

// Step handles one input and returns the effects to perform, in order.
func (f *Machine) Step(now protocol.Instant, in protocol.Input) []protocol.Effect {
	if f.seats.isStale(in) {
		return nil
	}
	if r, ok := in.(*protocol.Restarted); ok && !f.state.Final() {
		return f.restarted(r)
	}
	if f.resyncing {
		return f.resync(now, in)
	}
	if _, ok := in.(*protocol.AskAgain); ok && !f.state.Final() {
		return f.askAgain(now)
	}
	switch f.state {
	case messages.StateCheckingOut:
		return f.checkingOut(now, in)
	case messages.StateHeld, messages.StateReconnecting:
		return f.holding(now, in)
	case messages.StateRetaking:
		return f.retaking(now, in)
	case messages.StateFailingOver:
		return f.failingOver(now, in)
	default:
		return nil // final: a late grant is returned by its connection
	}
}

// The states.

// checkingOut asks the servers in search order, one at a time. After the last one the checkout may wait in a server's
// queue (rule 21).
func (f *Machine) checkingOut(now protocol.Instant, in protocol.Input) []protocol.Effect {
	switch in := in.(type) {
	case *protocol.Begin:
		f.round = newFirstCheckout(now, f.set.Servers, in.Deadline)
		return f.askNext(now)
	case *protocol.SeatGranted:
		f.hold(in)
		event := messages.CheckedOut{Claim: f.member.Claim, Server: in.Server, Local: in.Local, Overdraft: in.Overdraft}
		return []protocol.Effect{protocol.Publish{Event: event}, Ready{}}
	case *protocol.SeatRefused:
		f.round.hear(in.Server)
		f.round.answered(messages.Answer{Server: in.Server, Reason: in.Reason, Message: in.Text})
		return f.askNextOrFail(now)
	case *protocol.SeatUnanswered:
		if f.round.waiting {
			return nil // the connection repeats the request
		}
		if in.Again {
			return f.askNextOrFail(now)
		}
		f.hearUnanswered(in)
		f.round.answered(messages.Answer{Server: in.Server, Reason: in.Reason, Message: in.Cause, RetryAfter: in.RetryAfter})
		return f.askNextOrFail(now)
	case *protocol.Cancelled:
		return f.abandon(in.Err)
	case *protocol.Closed:
		return f.abandon(messages.ErrClosed)
	case *protocol.DownLimit:
		return f.abandon(in.Err)
	default:
		return nil
	}
}

// holding covers Held and Reconnecting, which differ only in what the application sees.
func (f *Machine) holding(now protocol.Instant, in protocol.Input) []protocol.Effect {
	switch in := in.(type) {
	case *protocol.HeartbeatFailed:
		if in.Failed >= f.set.Attempts {
			return f.startRound(now, in)
		}
		f.state = messages.StateReconnecting
		return nil
	case *protocol.LeaseResumed:
		return f.resume(in)
	case *protocol.LeaseEnded:
		return f.retakeOrLose(now, in)
	default:
		return f.anyLive(in)
	}
}

// retaking waits for a re-checkout at the origin, which the connection repeats until it is answered (rule 9).
func (f *Machine) retaking(now protocol.Instant, in protocol.Input) []protocol.Effect {
	switch in := in.(type) {
	case *protocol.SeatGranted:
		f.hold(in)
		return []protocol.Effect{succeeded(f.member.Claim, in)}
	case *protocol.SeatRefused:
		return append(f.closePair(in.Server, in.Reason, in.Text), f.lose(in.Server, in.Reason, in.Text)...)
	case *protocol.HeartbeatFailed:
		if in.Failed < f.set.Attempts {
			return nil
		}
		effects := f.closePair(in.Connection.Server(), messages.Unanswered, in.Cause)
		return append(append(effects, f.seats.dropTake()), f.startRound(now, in)...)
	case *protocol.OriginReplaced:
		f.seats.moveTo(in.By)
		return []protocol.Effect{f.seats.dropTake(), f.seats.retake(now)}
	default:
		return f.anyLive(in)
	}
}

// failingOver means that Attempts heartbeats failed in a row. A round is under way, or the next failed heartbeat begins
// one.
func (f *Machine) failingOver(now protocol.Instant, in protocol.Input) []protocol.Effect {
	switch in := in.(type) {
	case *protocol.HeartbeatFailed:
		return f.nextRound(now, in)
	case *protocol.LeaseResumed:
		if f.seats.held == 0 {
			return nil // the lease is from a released take: the connection is about to return it
		}
		return append(f.endRound(), f.resume(in)...)
	case *protocol.LeaseEnded:
		return append(f.endRound(), f.retakeOrLose(now, in)...)
	case *protocol.ServerRegained:
		if f.seats.held != 0 {
			return nil // LeaseResumed or LeaseEnded will say what became of the lease
		}
		return append(f.endRound(), f.retake(now, in.Connection.Server())...)
	case *protocol.SeatGranted:
		return f.failOver(in)
	case *protocol.SeatRefused:
		f.round.hear(in.Server)
		f.round.refused(in)
		pair := append([]protocol.Effect{retrying(f.member.Claim, in.Server)}, f.closePair(in.Server, in.Reason, in.Text)...)
		return append(pair, f.askNextOrDecide(now)...)
	case *protocol.SeatUnanswered:
		f.hearUnanswered(in)
		f.round.noteReached(in.Reached)
		return f.askNextOrDecide(now)
	default:
		return f.anyLive(in)
	}
}

// hearUnanswered notes that a server answered which refused for the time being. A server that was silent at one address
// may answer at another one.
func (f *Machine) hearUnanswered(in *protocol.SeatUnanswered) {
	if in.Reason != messages.Unanswered {
		f.round.hear(in.Server)
	}
}

// anyLive handles the inputs that mean the same in every live state.
func (f *Machine) anyLive(in protocol.Input) []protocol.Effect {
	switch in := in.(type) {
	case *protocol.OriginReplaced:
		f.seats.moveTo(in.By)
		return nil
	case *protocol.LeaseTimedOut:
		return append(f.closeOpenPair(), f.lose(in.Connection.Server(), messages.TimedOut, in.Text)...)
	case *protocol.Cancelled:
		return append(f.closeOpenPair(), f.checkIn(in.Err, nil)...)
	case *protocol.Checkin:
		return append(f.closeOpenPair(), f.checkIn(messages.ErrCheckedIn, in.Reply)...)
	case *protocol.Closed:
		return append(f.closeOpenPair(), f.checkIn(messages.ErrClosed, nil)...)
	case *protocol.RestartsUsedUp:
		return append(f.closeOpenPair(), f.lose(in.Connection.Server(), messages.Internal, in.Cause)...)
	case *protocol.DownLimit:
		return append(f.closeOpenPair(), f.becomeUnavailable(in.Err)...)
	case *protocol.HeartbeatNow:
		return f.beatNow(in)
	default:
		return nil
	}
}

// Grants, resumed leases and retakes.

// hold notes a grant.
func (f *Machine) hold(in *protocol.SeatGranted) {
	f.state, f.round, f.rounds = messages.StateHeld, nil, 0
	f.seats.granted(in)
}

// resume goes back to Held with the old lease, which the server still has: no seat is taken (rule 8).
func (f *Machine) resume(in *protocol.LeaseResumed) []protocol.Effect {
	f.state, f.rounds = messages.StateHeld, 0
	server := in.Connection.Server()
	return []protocol.Effect{
		retrying(f.member.Claim, server),
		protocol.Publish{Event: messages.CheckoutSucceeded{Claim: f.member.Claim, Server: server, Resumed: true}},
	}
}

// retakeOrLose handles the end of the lease. When an administrator revoked the lease, or the licence of the
// feature has expired, the checkout ends as Lost; otherwise the seats are taken again.
func (f *Machine) retakeOrLose(now protocol.Instant, in *protocol.LeaseEnded) []protocol.Effect {
	f.seats.leaseEnded()
	if in.Reason == messages.Revoked || in.Reason == messages.FeatureExpired {
		return f.lose(in.Connection.Server(), in.Reason, "")
	}
	return f.retake(now, in.Connection.Server())
}

// retake opens a pair of events and asks the origin for the seats again.
func (f *Machine) retake(now protocol.Instant, server messages.Server) []protocol.Effect {
	f.state, f.rounds = messages.StateRetaking, 0
	return []protocol.Effect{retrying(f.member.Claim, server), f.seats.retake(now)}
}

// failOver ends a round with a grant, from another server or from the origin.
func (f *Machine) failOver(in *protocol.SeatGranted) []protocol.Effect {
	from, moved := f.seats.origin.Server(), in.Connection != f.seats.origin
	f.hold(in)
	effects := []protocol.Effect{
		f.seats.releaseOthers(), retrying(f.member.Claim, in.Server), succeeded(f.member.Claim, in),
	}
	if moved {
		event := messages.FailedOver{Claim: f.member.Claim, From: from, To: in.Server}
		effects = append(effects, protocol.Publish{Event: event})
	}
	return effects
}

// beatNow passes the application's own heartbeat on to the origin. A local licence needs none (rule 1).
func (f *Machine) beatNow(in *protocol.HeartbeatNow) []protocol.Effect {
	if f.seats.local {
		return []protocol.Effect{protocol.Answer{Reply: in.Reply}}
	}
	return []protocol.Effect{BeatNow{Connection: f.seats.origin, Reply: in.Reply}}
}

// The first checkout.

// askNext asks the next server of the round.
func (f *Machine) askNext(now protocol.Instant) []protocol.Effect {
	return []protocol.Effect{f.round.next(now, f.seats.nextTake(), f.set.ConnectTimeout)}
}

// askNextOrFail goes on with a first checkout: it asks the next server, waits in a queue, or tells the caller what each
// server answered.
func (f *Machine) askNextOrFail(now protocol.Instant) []protocol.Effect {
	switch r := f.round; {
	case len(r.queue) > 0:
		return f.askNext(now)
	case f.mayWait && !r.waiting && r.withoutSeats() >= 0:
		return f.waitInQueue()
	default:
		return f.abandon(f.noneGranted())
	}
}

// waitInQueue asks the first server that had no free seats again, and waits in its queue until the caller leaves.
func (f *Machine) waitInQueue() []protocol.Effect {
	return []protocol.Effect{Queued{Partial: f.noneGranted()}, f.round.wait(f.seats.nextTake())}
}

// noneGranted returns the answers to a first checkout so far, as an error.
func (f *Machine) noneGranted() *messages.CheckoutError {
	claim := f.member.Claim
	return &messages.CheckoutError{
		Checkout: messages.Checkout{
			Feature: claim.Feature, Version: claim.Version, Count: claim.Count, Exact: f.member.Exact, Wait: f.mayWait,
		},
		Answers: slices.Clone(f.round.answers),
	}
}

// abandon ends a first checkout. Nothing was held, so there is no event: only the caller gets the error.
func (f *Machine) abandon(err error) []protocol.Effect {
	f.state, f.round = messages.StateCheckedIn, nil
	return []protocol.Effect{f.seats.releaseAll(nil), End{Err: err}}
}

// Failover rounds.

// startRound asks the other servers in search order, then the origin once more (rule 6).
func (f *Machine) startRound(now protocol.Instant, in *protocol.HeartbeatFailed) []protocol.Effect {
	f.state = messages.StateFailingOver
	f.round = newFailover(now, in)
	return f.askNextOrDecide(now)
}

// nextRound handles a failed heartbeat while no seats were found (rule 12). When the origin has answered meanwhile, so
// that the failed count began again, the count of rounds starts again.
func (f *Machine) nextRound(now protocol.Instant, in *protocol.HeartbeatFailed) []protocol.Effect {
	if in.Failed <= f.set.Attempts {
		f.rounds = 0 // this break is another one than that in which the feature lost its origin
	}
	switch {
	case in.Failed < f.set.Attempts || f.round != nil:
		return nil
	default:
		return f.startRound(now, in)
	}
}

// askNextOrDecide goes on with a failover round: it asks the next server, then the origin, then decides. When the origin
// has answered something meanwhile, the round is over, since no server but the origin is asked then (rule 5).
func (f *Machine) askNextOrDecide(now protocol.Instant) []protocol.Effect {
	switch origin := f.seats.origin; {
	case origin.Failed() < f.set.Attempts:
		f.awaitOrigin()
		return nil
	case len(f.round.queue) > 0:
		return f.askNext(now)
	case !f.round.originAsked && !f.round.hasHeard(origin.Server()):
		return []protocol.Effect{f.round.nextIsOrigin(f.seats.nextTake(), f.seats.origin, f.set.ConnectTimeout)}
	default:
		return f.decide()
	}
}

// decide ends a round that found no seats (rules 11 and 12). While rounds are left, or a server was reached but did not
// decide, the next failed heartbeat begins another round.
func (f *Machine) decide() []protocol.Effect {
	r := f.round
	f.round = nil
	f.seats.nextTake() // every take of the round is answered
	f.rounds++
	switch {
	case int(f.rounds) < f.set.FailoverRounds:
		return nil
	case r.refusal != nil:
		return f.lose(r.refusal.Server, r.refusal.Reason, r.refusal.Text)
	case !r.reached && !f.seats.origin.RepliedSince(r.began): // a late reply since the round began also counts
		return f.exit(r.trigger)
	default:
		return nil
	}
}

// awaitOrigin ends a round whose takes are answered: the origin, which answers again, says what became of the lease, or
// its failed heartbeats are counted anew.
func (f *Machine) awaitOrigin() {
	f.round, f.rounds = nil, 0
	f.seats.nextTake()
}

// endRound gives up the round under way, since the origin itself has answered.
func (f *Machine) endRound() []protocol.Effect {
	if f.round == nil {
		return nil
	}
	f.round = nil
	return []protocol.Effect{f.seats.dropTake()}
}

// The end.

// closeOpenPair closes the pair of events that is open in Retaking, before another event of the
// checkout is published.
func (f *Machine) closeOpenPair() []protocol.Effect {
	if f.state != messages.StateRetaking {
		return nil
	}
	return f.closePair(f.seats.origin.Server(), messages.Ended, "")
}

func (f *Machine) closePair(server messages.Server, reason messages.Reason, text string) []protocol.Effect {
	return []protocol.Effect{failed(f.member.Claim, server, reason, text)}
}

// lose ends a license whose seats were refused, revoked or timed out. The application decides what to do; the runtime
// does not exit.
func (f *Machine) lose(server messages.Server, reason messages.Reason, text string) []protocol.Effect {
	err := &messages.LostError{Claim: f.member.Claim, Server: server, Reason: reason, Message: text}
	return f.finish(messages.StateLost, err, lost(f.member.Claim, server, messages.StateLost, reason, text), nil)
}

// exit ends a license because no server was reached during the last round. The runtime publishes Exited once for all
// features of the connection.
func (f *Machine) exit(trigger *protocol.HeartbeatFailed) []protocol.Effect {
	err := &messages.ExitedError{Servers: f.set.Servers, Failed: trigger.Failed, Cause: trigger.Cause}
	event := lost(f.member.Claim, f.seats.origin.Server(), messages.StateExited, messages.GaveUp, trigger.Cause)
	return append(f.finish(messages.StateExited, err, event, nil), &protocol.GaveUp{
		Connection: f.seats.origin, Feature: f.member.Claim.Feature, Failed: trigger.Failed, Cause: trigger.Cause,
	})
}

// becomeUnavailable ends a license because servers went down and came back too often.
func (f *Machine) becomeUnavailable(err *messages.UnavailableError) []protocol.Effect {
	event := lost(f.member.Claim, err.Server, messages.StateUnavailable, messages.DownLimit, err.Error())
	return f.finish(messages.StateUnavailable, err, event, nil)
}

// checkIn returns the seats for the application. The license ends at once; the connection returns the seats when it can
// (rule 19), and answers reply.
func (f *Machine) checkIn(err error, reply *protocol.Reply) []protocol.Effect {
	event := messages.CheckedIn{Claim: f.member.Claim, Server: f.seats.origin.Server()}
	return f.finish(messages.StateCheckedIn, err, event, reply)
}

// finish enters a final state. Everything is released (rule 14), and Done is closed before the event is published. reply
// is answered when the server has the seats back; nil: nobody waits for that.
func (f *Machine) finish(state messages.State, err error, event messages.Event, reply *protocol.Reply) []protocol.Effect {
	f.state, f.round = state, nil
	effects := make([]protocol.Effect, 0, 4) // exit adds one more
	return append(effects, f.seats.releaseAll(reply), End{Err: err}, protocol.Publish{Event: event})
}

// After a panic.

// restarted asks the origin what this feature holds. Until the answer arrives the machine ignores other inputs and
// releases nothing: the origin may have been replaced, so the seats may be at another server.
func (f *Machine) restarted(in *protocol.Restarted) []protocol.Effect {
	if f.state == messages.StateCheckingOut {
		return f.abandon(&messages.LostError{Claim: f.member.Claim, Reason: messages.Internal, Message: in.Cause})
	}
	effects := f.closeOpenPair()
	if in.UsedUp {
		return append(effects, f.lose(f.seats.origin.Server(), messages.Internal, in.Cause)...)
	}
	if f.state == messages.StateRetaking {
		f.state = messages.StateReconnecting // the pair is closed, and the origin will say what became of the take
	}
	f.resyncing = true
	f.seats.nextTake()
	event := messages.FeatureRestarted{Claim: f.member.Claim, Cause: in.Cause}
	return append(effects, protocol.Publish{Event: event}, QueryHoldings{Connection: f.seats.origin})
}

// resync waits for the origin's answer. Inputs that end the checkout are handled meanwhile.
func (f *Machine) resync(now protocol.Instant, in protocol.Input) []protocol.Effect {
	switch in := in.(type) {
	case *protocol.Holdings:
		f.resyncing = false
		return f.resynced(now, in)
	case *protocol.AskAgain:
		return []protocol.Effect{QueryHoldings{Connection: f.seats.origin}}
	case *protocol.OriginReplaced:
		f.seats.moveTo(in.By)
		return []protocol.Effect{QueryHoldings{Connection: f.seats.origin}}
	case *protocol.HeartbeatNow:
		return f.beatNow(in)
	case *protocol.Cancelled, *protocol.Checkin, *protocol.Closed, *protocol.DownLimit, *protocol.LeaseTimedOut,
		*protocol.RestartsUsedUp:
		f.resyncing = false
		return f.anyLive(in)
	default:
		return nil
	}
}

// resynced continues with what the origin says the feature holds, and releases everything else.
func (f *Machine) resynced(now protocol.Instant, in *protocol.Holdings) []protocol.Effect {
	f.seats.resynced(in)
	effects := []protocol.Effect{f.seats.releaseOthers()}
	switch {
	case in.Recovering && in.Last.Failed >= f.set.Attempts && f.set.Automatic():
		return append(effects, f.startRound(now, in.Last)...)
	case in.Held == 0:
		return append(effects, f.retake(now, in.Connection.Server())...)
	case in.Recovering:
		f.state = messages.StateReconnecting
	default:
		f.state = messages.StateHeld
	}
	return effects
}

// askAgain repeats what a restarted connection or runtime may have lost.
func (f *Machine) askAgain(now protocol.Instant) []protocol.Effect {
	switch {
	case f.state == messages.StateRetaking:
		return []protocol.Effect{f.seats.dropTake(), f.seats.retake(now)}
	case f.round == nil:
		return []protocol.Effect{f.seats.releaseOthers()}
	case f.state == messages.StateCheckingOut && f.round.waiting:
		return append([]protocol.Effect{f.seats.dropTake()}, f.waitInQueue()...)
	case f.state == messages.StateCheckingOut:
		f.round.answered(messages.Answer{Reason: messages.Unanswered, Message: "the connection was restarted"})
		return append([]protocol.Effect{f.seats.dropTake()}, f.askNextOrFail(now)...)
	default:
		f.round.noteReached(true) // whether one replied is unknown: do not exit, wait for the next failed heartbeat
		return append([]protocol.Effect{f.seats.dropTake()}, f.askNextOrDecide(now)...)
	}
}
