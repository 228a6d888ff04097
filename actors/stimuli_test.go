package actors

import (
	"fmt"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// stimulus is an input to try, with the conditions of the table that it fulfils.
type stimulus struct {
	on      string
	facts   []string
	answer  bool // answers a take
	reaches bool // its server was reached
	noSeats bool // its server has no free seats
	in      func(*trial) input
}

func (st stimulus) String() string { return fmt.Sprint(st.on, st.facts) }

func newStimulus(in func(*trial) input, facts ...string) stimulus {
	p := newTrial(trialSettings()).steps(beginning)
	made := in(p)
	st := stimulus{on: inputName(made), facts: facts, in: in}
	switch made := made.(type) {
	case *seatGranted:
		st.answer = true
	case *seatRefused:
		st.answer, st.noSeats = true, made.reason == messages.NoSeats
	case *seatUnanswered:
		st.answer, st.reaches = true, made.reached
	case *askAgain:
		st.reaches = true // nobody knows
	}
	return st
}

// stimuli returns every input that is about the current take, lease and origin, under every condition.
func stimuli() []stimulus {
	all := []stimulus{
		newStimulus(beginning),
		newStimulus(func(*trial) input { return &cancelled{err: messages.ErrClosed} }),
		newStimulus(func(*trial) input { return &closed{} }),
		newStimulus(func(*trial) input { return &checkin{call: newPromise()} }),
		newStimulus(func(*trial) input { return &heartbeatNow{call: newPromise()} }),
		newStimulus(grantFrom("S2"), fromOther),
		newStimulus(grantFromOrigin, fromTheOrigin),
		newStimulus(silence),
		newStimulus(putOff(time.Second)),
		newStimulus(func(p *trial) input {
			return &seatUnanswered{take: p.latest.take, reason: messages.Unanswered, cause: "timeout", reached: true}
		}),
		newStimulus(func(*trial) input { return &downLimit{err: &messages.UnavailableError{Max: 10}} }),
		newStimulus(func(*trial) input { return &askAgain{} }),
		newStimulus(reborn(false), restartsLeft), newStimulus(reborn(true), noRestartLeft),
		newStimulus(func(p *trial) input { return &restartsUsedUp{link: p.f.origin} }),
		newStimulus(recollect(0, 0), noLeaseHeld, noneFailed), newStimulus(recollect(1, 0), leaseHeld, noneFailed),
		newStimulus(recollect(0, 2), noLeaseHeld, belowAttempts), newStimulus(recollect(1, 2), leaseHeld, belowAttempts),
		newStimulus(recollect(0, 3), noLeaseHeld, atAttempts), newStimulus(recollect(1, 4), leaseHeld, atAttempts),
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

func grantFrom(a messages.Address) func(*trial) input {
	return func(p *trial) input {
		return &seatGranted{take: p.latest.take, link: p.link(a), server: p.link(a).Server()}
	}
}

func grantFromOrigin(p *trial) input {
	return &seatGranted{take: p.latest.take, link: p.f.origin, server: p.f.origin.Server()}
}

// staleStimuli returns the inputs that name a take or an origin, with ones that are not the feature's.
func staleStimuli() []stimulus {
	var all []stimulus
	for _, shift := range []int{-1, +1, +2} {
		number := func(p *trial) uint32 { return uint32(int(p.f.take) + shift) }
		all = append(all,
			newStimulus(func(p *trial) input { return &seatGranted{take: number(p), link: p.link("S2")} }, "of another take"),
			newStimulus(func(p *trial) input { return &seatRefused{take: number(p), reason: messages.NoSeats} }, "of another take"),
			newStimulus(func(p *trial) input { return &seatUnanswered{take: number(p)} }, "of another take"))
	}
	for _, a := range []messages.Address{"S7", "S8"} {
		all = append(all,
			newStimulus(func(p *trial) input { return &heartbeatFailed{link: p.link(a), failed: 3} }, "of another origin"),
			newStimulus(func(p *trial) input { return &leaseResumed{link: p.link(a)} }, "of another origin"),
			newStimulus(func(p *trial) input { return &leaseEnded{link: p.link(a), reason: messages.Revoked} }, "of another origin"),
			newStimulus(func(p *trial) input { return &leaseTimedOut{link: p.link(a)} }, "of another origin"),
			newStimulus(func(p *trial) input { return &serverRegained{link: p.link(a)} }, "of another origin"),
			newStimulus(func(p *trial) input { return &recalled{link: p.link(a)} }, "of another origin"),
			newStimulus(func(p *trial) input { return &restartsUsedUp{link: p.link(a)} }, "of another origin"),
			newStimulus(func(p *trial) input { return &originReplaced{link: p.link(a), by: p.link("S9")} }, "of another origin"))
	}
	return all
}
