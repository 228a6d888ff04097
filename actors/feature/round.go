package feature

import (
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// sweep is one pass of one feature over the servers: a first checkout, or the search for seats after a failure.
type round struct {
	began    protocol.Instant
	queue    []messages.Address        // still to be asked, in search order; shared, never changed
	deadline protocol.Instant          // of a first checkout's caller; zero when there is none
	answers  []messages.Answer         // of a first checkout
	last     *protocol.SeatRefused     // the last final refusal of a failover sweep
	trigger  *protocol.HeartbeatFailed // what began a failover sweep; nil for a first checkout
	origin   bool                      // the origin has been asked: it comes last
	reached  bool                      // a server was reached since the sweep began
	waiting  bool                      // a first checkout waits in line at a server that had no seats
}

// answered notes an answer to a first checkout. The last word of the server that it waits at takes the place of the first.
func (s *round) answered(a messages.Answer) {
	if i := s.withoutSeats(); s.waiting && i >= 0 {
		s.answers[i] = a
		return
	}
	s.answers = append(s.answers, a)
}

// withoutSeats returns the position of the first answer that no seats are free, -1 when there is none.
func (s *round) withoutSeats() int {
	return slices.IndexFunc(s.answers, func(a messages.Answer) bool { return a.Reason == messages.NoSeats })
}

// share returns how long the next server may take: an equal share of what the caller's deadline leaves, at most most.
func (s *round) shareOfDeadline(now protocol.Instant, most time.Duration) time.Duration {
	if s.deadline == (protocol.Instant{}) {
		return most
	}
	left := s.deadline.Mono - now.Mono
	return max(min(most, left/time.Duration(len(s.queue))), time.Millisecond)
}

// askNext asks the next server of the queue.
func (f *Machine) askNext(now protocol.Instant) []protocol.Effect {
	s := f.round
	timeout := s.shareOfDeadline(now, f.set.ConnectTimeout)
	address := s.queue[0]
	s.queue = s.queue[1:]
	f.take++
	mode := protocol.FirstMode
	if s.trigger != nil {
		mode = protocol.RoundMode
	}
	return []protocol.Effect{protocol.TakeSeat{Take: f.take, Address: address, Mode: mode, Began: s.began, Timeout: timeout}}
}

// askNextOrFail goes on with a first checkout: the next server, the wait for seats, or the caller is told what each server
// answered.
func (f *Machine) askNextOrFail(now protocol.Instant) []protocol.Effect {
	switch s := f.round; {
	case len(s.queue) > 0:
		return f.askNext(now)
	case f.mayWait && !s.waiting && s.withoutSeats() >= 0:
		return f.waitInLine()
	default:
		return f.abandon(f.noneGranted())
	}
}

// waitInLine asks the first server that had no seats again, and lets it wait there until the caller leaves.
func (f *Machine) waitInLine() []protocol.Effect {
	s := f.round
	s.waiting = true
	f.take++
	server := s.answers[s.withoutSeats()].Server
	return []protocol.Effect{
		Queued{f.noneGranted()},
		protocol.TakeSeat{Take: f.take, Address: server.Address, Mode: protocol.WaitMode, Began: s.began},
	}
}

// noneGranted is what a first checkout has come to so far.
func (f *Machine) noneGranted() *messages.CheckoutError {
	return &messages.CheckoutError{Checkout: f.checkout(), Answers: slices.Clone(f.round.answers)}
}

func (f *Machine) checkout() messages.Checkout {
	return messages.Checkout{
		Feature: f.member.Claim.Feature, Version: f.member.Claim.Version, Count: f.member.Claim.Count, Exact: f.member.Exact, Wait: f.mayWait,
	}
}

// abandon ends a first checkout: nothing was held, so nothing but the caller's error tells of it.
func (f *Machine) abandon(err error) []protocol.Effect {
	f.state, f.round = messages.StateCheckedIn, nil
	f.take++
	return []protocol.Effect{protocol.Release{UpTo: f.take}, End{Err: err}}
}

// startSweep asks the other servers in search order, then the origin once more (rule 6).
func (f *Machine) startRound(now protocol.Instant, in *protocol.HeartbeatFailed) []protocol.Effect {
	f.state = messages.StateFailingOver
	f.round = &round{began: now, queue: in.Others, trigger: in}
	return f.askNextOrDecide(now)
}

// nextRound: another beat failed while no seat was found (rule 12).
func (f *Machine) nextRound(now protocol.Instant, in *protocol.HeartbeatFailed) []protocol.Effect {
	switch {
	case in.Failed < f.set.Attempts:
		f.rounds = 0
		return nil
	case f.round != nil:
		return nil
	default:
		return f.startRound(now, in)
	}
}

// askNextOrDecide goes on with a failover sweep: the next server, the origin as the last, or the decision.
func (f *Machine) askNextOrDecide(now protocol.Instant) []protocol.Effect {
	s := f.round
	switch {
	case len(s.queue) > 0:
		return f.askNext(now)
	case !s.origin:
		s.origin = true
		f.take++
		return []protocol.Effect{protocol.TakeSeat{Take: f.take, Connection: f.origin, Mode: protocol.RoundMode, Began: s.began, Timeout: f.set.ConnectTimeout}}
	default:
		return f.decide()
	}
}

// decide ends a sweep that found no seat (rules 11 and 12). It waits for the next beat unless no rounds are left and the
// answers say enough.
func (f *Machine) decide() []protocol.Effect {
	s := f.round
	f.round = nil
	f.take++ // the sweep's last take is answered: nothing more is awaited of it
	f.rounds++
	switch {
	case int(f.rounds) < f.set.FailoverRounds:
		return nil
	case s.last != nil:
		return f.lose(s.last.Server, s.last.Reason, s.last.Text)
	case !s.reached && !f.origin.RepliedSince(s.began): // a server that was asked early may have replied since
		return f.exit(s.trigger)
	default:
		return nil
	}
}

// endSweep gives up a sweep that is under way: the origin's own answer made it needless.
func (f *Machine) endRound() []protocol.Effect {
	if f.round == nil {
		return nil
	}
	f.round = nil
	return []protocol.Effect{f.moveOn()}
}
