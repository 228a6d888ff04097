package feature

import (
	"fmt"
	"time"

	"github.com/seatbeat/seatbeat/actors/internal/script"
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// stimulus is an input to try, with the conditions of the table that it fulfils.
type stimulus struct {
	on      string
	facts   []string
	answer  bool // answers a take
	reaches bool // its server was reached
	noSeats bool // its server has no free seats
	in      func(*harness) protocol.Input
}

func (st stimulus) String() string { return fmt.Sprint(st.on, st.facts) }

func newStimulus(in func(*harness) protocol.Input, facts ...string) stimulus {
	p := newHarness(script.DefaultSettings()).steps(beginning)
	made := in(p)
	st := stimulus{on: script.Name(made), facts: facts, in: in}
	switch made := made.(type) {
	case *protocol.SeatGranted:
		st.answer = true
	case *protocol.SeatRefused:
		st.answer, st.noSeats = true, made.Reason == messages.NoSeats
	case *protocol.SeatUnanswered:
		st.answer, st.reaches = true, made.Reached
	case *protocol.AskAgain:
		st.reaches = true // unknown, which counts as reached
	}
	return st
}

// stimuli returns every input that is about the current take, lease and origin, under every condition.
func stimuli() []stimulus {
	all := []stimulus{
		newStimulus(beginning),
		newStimulus(func(*harness) protocol.Input { return &protocol.Cancelled{Err: messages.ErrClosed} }),
		newStimulus(func(*harness) protocol.Input { return &protocol.Closed{} }),
		newStimulus(func(*harness) protocol.Input { return &protocol.Checkin{Reply: protocol.NewReply()} }),
		newStimulus(func(*harness) protocol.Input { return &protocol.HeartbeatNow{Reply: protocol.NewReply()} }),
		newStimulus(grantFrom("S2"), fromOther),
		newStimulus(grantFromOrigin, fromTheOrigin),
		newStimulus(silence),
		newStimulus(putOff(time.Second)),
		newStimulus(func(p *harness) protocol.Input {
			return &protocol.SeatUnanswered{Take: p.latest.Take, Reason: messages.Unanswered, Cause: "timeout", Reached: true}
		}),
		newStimulus(func(*harness) protocol.Input { return &protocol.DownLimit{Err: &messages.UnavailableError{Max: 10}} }),
		newStimulus(func(*harness) protocol.Input { return &protocol.AskAgain{} }),
		newStimulus(afterPanic(false), restartsLeft), newStimulus(afterPanic(true), noRestartLeft),
		newStimulus(func(p *harness) protocol.Input { return &protocol.RestartsUsedUp{Connection: p.f.seats.origin} }),
		newStimulus(holdings(0, 0), noLeaseHeld, noneFailed), newStimulus(holdings(1, 0), leaseHeld, noneFailed),
		newStimulus(holdings(0, 2), noLeaseHeld, belowAttempts), newStimulus(holdings(1, 2), leaseHeld, belowAttempts),
		newStimulus(holdings(0, 3), noLeaseHeld, atAttempts), newStimulus(holdings(1, 4), leaseHeld, atAttempts),
		newStimulus(resumed), newStimulus(timedOut), newStimulus(regained), newStimulus(replaced("S9")),
	}
	for _, n := range []int{1, 2} {
		all = append(all, newStimulus(beatFails(n), belowAttempts))
	}
	for _, n := range []int{3, 4} {
		all = append(all, newStimulus(beatFails(n), atAttempts))
	}
	for reason := messages.NoSuchFeature; reason <= messages.Malformed; reason++ {
		all = append(all, newStimulus(refuse(reason)))
	}
	for _, reason := range []messages.Reason{messages.Revoked, messages.FeatureExpired} {
		all = append(all, newStimulus(ended(reason), finalReason))
	}
	for reason := messages.Unknown; reason <= messages.Returned; reason++ {
		all = append(all, newStimulus(ended(reason), otherReason))
	}
	return all
}

func grantFrom(a messages.Address) func(*harness) protocol.Input {
	return func(p *harness) protocol.Input {
		return &protocol.SeatGranted{Take: p.latest.Take, Connection: p.connection(a), Server: p.connection(a).Server()}
	}
}

func grantFromOrigin(p *harness) protocol.Input {
	return &protocol.SeatGranted{Take: p.latest.Take, Connection: p.f.seats.origin, Server: p.f.seats.origin.Server()}
}

// staleStimuli returns the inputs that name a take or an origin, with ones that are not the feature's.
func staleStimuli() []stimulus {
	var all []stimulus
	for _, shift := range []int{-1, +1, +2} {
		number := func(p *harness) uint32 { return uint32(int(p.f.seats.take) + shift) }
		all = append(all,
			newStimulus(func(p *harness) protocol.Input {
				return &protocol.SeatGranted{Take: number(p), Connection: p.connection("S2")}
			}, "of another take"),
			newStimulus(func(p *harness) protocol.Input {
				return &protocol.SeatRefused{Take: number(p), Reason: messages.NoSeats}
			}, "of another take"),
			newStimulus(func(p *harness) protocol.Input { return &protocol.SeatUnanswered{Take: number(p)} }, "of another take"))
	}
	for _, a := range []messages.Address{"S7", "S8"} {
		all = append(all,
			newStimulus(func(p *harness) protocol.Input {
				return &protocol.HeartbeatFailed{Connection: p.connection(a), Failed: 3}
			}, "of another origin"),
			newStimulus(func(p *harness) protocol.Input { return &protocol.LeaseResumed{Connection: p.connection(a)} }, "of another origin"),
			newStimulus(func(p *harness) protocol.Input {
				return &protocol.LeaseEnded{Connection: p.connection(a), Reason: messages.Revoked}
			}, "of another origin"),
			newStimulus(func(p *harness) protocol.Input { return &protocol.LeaseTimedOut{Connection: p.connection(a)} }, "of another origin"),
			newStimulus(func(p *harness) protocol.Input { return &protocol.ServerRegained{Connection: p.connection(a)} }, "of another origin"),
			newStimulus(func(p *harness) protocol.Input { return &protocol.Holdings{Connection: p.connection(a)} }, "of another origin"),
			newStimulus(func(p *harness) protocol.Input { return &protocol.RestartsUsedUp{Connection: p.connection(a)} }, "of another origin"),
			newStimulus(func(p *harness) protocol.Input {
				return &protocol.OriginReplaced{Connection: p.connection(a), By: p.connection("S9")}
			}, "of another origin"))
	}
	return all
}
