package feature

import (
	"github.com/seatbeat/seatbeat/actors/protocol"
)

// seats is what a feature holds, where, and which take it waits for. It makes the effects that take and release seats.
type seats struct {
	take   uint32                  // the number of the latest take; an answer to any other take is stale
	held   uint32                  // the take that brought the current lease; 0: there is no lease
	origin *protocol.ConnectionRef // the connection that the seats are from; nil until the first grant
	local  bool                    // the seats are from a local licence
}

// isStale reports whether an input is about another take or another origin than the current one. A stale grant needs
// no action here: the feature has released the take, so the connection returns its seats.
func (s *seats) isStale(in protocol.Input) bool {
	switch in := in.(type) {
	case *protocol.SeatGranted:
		return in.Take != s.take
	case *protocol.SeatRefused:
		return in.Take != s.take
	case *protocol.SeatUnanswered:
		return in.Take != s.take
	case protocol.FromOrigin:
		return s.origin == nil || in.From() != s.origin
	default:
		return false
	}
}

// granted notes a grant.
func (s *seats) granted(in *protocol.SeatGranted) {
	s.origin, s.held, s.local = in.Connection, in.Take, in.Local
}

// leaseEnded notes that there is no lease any more.
func (s *seats) leaseEnded() { s.held = 0 }

// moveTo changes the origin.
func (s *seats) moveTo(origin *protocol.ConnectionRef) { s.origin = origin }

// resynced takes over what the origin knows.
func (s *seats) resynced(in *protocol.Holdings) { s.held, s.local = in.Held, in.Local }

// nextTake returns the number of a new take. Answers to the takes before are stale from now on.
func (s *seats) nextTake() uint32 {
	s.take++
	return s.take
}

// retake asks the origin for the seats again.
func (s *seats) retake(now protocol.Instant) protocol.Effect {
	return protocol.TakeSeat{Take: s.nextTake(), Connection: s.origin, Mode: protocol.RetakeMode, Began: now}
}

// dropTake releases the take under way, if there is one.
func (s *seats) dropTake() protocol.Effect {
	s.nextTake()
	return s.releaseOthers()
}

// releaseOthers tells every connection to return everything but the current lease at the origin (rules 13 and 14).
func (s *seats) releaseOthers() protocol.Effect {
	return protocol.Release{Except: s.origin, Held: s.held, UpTo: s.take}
}

// releaseAll tells every connection to return everything (rule 14). The origin answers reply.
func (s *seats) releaseAll(reply *protocol.Reply) protocol.Effect {
	s.held = 0
	return protocol.Release{UpTo: s.nextTake(), Origin: s.origin, Reply: reply}
}
