package feature

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seatbeat/seatbeat/actors/internal/script"
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// situation is a state of a feature and how it came about, with the conditions of the table that hold in it.
type situation struct {
	name    string
	state   messages.State
	facts   []string
	refused bool // a server refused the seats in this sweep
	reached bool // a server was reached in this sweep
	unasked bool // no take is under way
	waits   bool // Wait is set
	noSeats bool // a server said in this first checkout that it has no free seats
	reborn  bool // the actor was restarted, and the connection is asked what is held
	prepare func() *trial
}

func (s situation) String() string { return s.name }

// verdict is what a sweep comes to if this answer is its last.
func (s situation) verdict(st stimulus) string {
	switch {
	case s.refused:
		return refusedBefore
	case s.reached || st.reaches:
		return undecided
	default:
		return noneReached
	}
}

// line is whether a first checkout may wait in line if this answer is its last.
func (s situation) line(st stimulus) string {
	if s.waits && (s.noSeats || st.noSeats) {
		return mayWait
	}
	return mayNotWait
}

// situations returns a feature in every state and, where the table makes a difference, in every way to be in it.
func situations() []situation {
	all := append(plainSituations(), finalSituations()...)
	all = append(all, waitingSituations()...)
	all = append(all, rebornSituations()...)
	for _, lease := range []string{leaseLeft, noLeaseLeft} {
		for _, rounds := range []string{roundsLeft, noRoundsLeft, "no rounds left, in the second round"} {
			for _, answers := range histories(3) {
				if s, ok := sweeping(lease, rounds, answers); ok {
					all = append(all, s)
				}
			}
		}
	}
	return all
}

// plainSituations are those outside a sweep that follows a failure.
func plainSituations() []situation {
	start := func(makers ...func(*trial) protocol.Input) func() *trial {
		return func() *trial { return newTrial(script.DefaultSettings()).steps(makers...) }
	}
	held := []func(*trial) protocol.Input{beginning, grant}
	after := func(more ...func(*trial) protocol.Input) func() *trial {
		return start(append(slices.Clone(held), more...)...)
	}
	return []situation{
		{name: "first server asked", state: messages.StateCheckingOut, facts: []string{serversLeft}, prepare: start(beginning)},
		{name: "last server asked", state: messages.StateCheckingOut, facts: []string{noServerLeft},
			prepare: start(beginning, silence, refuse(messages.NoSeats))},
		{name: "held", state: messages.StateHeld, unasked: true, prepare: after()},
		{name: "held locally", state: messages.StateHeld, unasked: true, prepare: start(beginning, grantLocally)},
		{name: "held again", state: messages.StateHeld, unasked: true, prepare: after(ended(messages.Unknown), grant)},
		{name: "resumed", state: messages.StateHeld, unasked: true, prepare: after(beatFails(1), resumed)},
		{name: "failed over", state: messages.StateHeld, unasked: true, prepare: after(beatFails(3), grant)},
		{name: "reconnecting", state: messages.StateReconnecting, unasked: true, prepare: after(beatFails(1))},
		{name: "reconnecting again", state: messages.StateReconnecting, unasked: true,
			prepare: after(beatFails(3), grant, beatFails(1))},
		{name: "retaking", state: messages.StateRetaking, prepare: after(ended(messages.Unknown))},
		{name: "retaking, beats fail", state: messages.StateRetaking,
			prepare: after(beatFails(1), ended(messages.Expired), beatFails(2))},
		{name: "retaking after a failure", state: messages.StateRetaking,
			prepare: after(ended(messages.Unknown), beatFails(3), regained)},
		{name: "retaking at a new origin", state: messages.StateRetaking,
			prepare: after(ended(messages.Unknown), replaced("S9"))},
	}
}

// waitingSituations are those of a first checkout that may wait.
func waitingSituations() []situation {
	start := func(makers ...func(*trial) protocol.Input) func() *trial {
		return func() *trial {
			p := newTrial(script.DefaultSettings())
			p.f.mayWait = true
			return p.steps(makers...)
		}
	}
	checkingOut := messages.StateCheckingOut
	return []situation{
		{name: "first server asked, may wait", state: checkingOut, facts: []string{serversLeft}, waits: true, prepare: start(beginning)},
		{name: "last server asked, may wait", state: checkingOut, facts: []string{noServerLeft}, waits: true, noSeats: true,
			prepare: start(beginning, silence, refuse(messages.NoSeats))},
		{name: "last server asked, no reason to wait", state: checkingOut, facts: []string{noServerLeft}, waits: true,
			prepare: start(beginning, silence, refuse(messages.NoSuchFeature))},
		{name: "waiting in line", state: checkingOut, facts: []string{inTheLine},
			prepare: start(beginning, refuse(messages.NoSeats), silence, silence)},
	}
}

// rebornSituations are those after a panic, until the connection has told what is held.
func rebornSituations() []situation {
	build := func(name string, state messages.State, makers ...func(*trial) protocol.Input) situation {
		prepare := func() *trial {
			p := newTrial(script.DefaultSettings()).steps(beginning, grant)
			return p.steps(makers...).steps(reborn(false))
		}
		return situation{name: name, state: state, unasked: true, reborn: true, prepare: prepare}
	}
	return []situation{
		build("restarted while held", messages.StateHeld),
		build("restarted while reconnecting", messages.StateReconnecting, beatFails(1)),
		build("restarted while retaking", messages.StateReconnecting, ended(messages.Unknown)),
		build("restarted while sweeping", messages.StateFailingOver, beatFails(3)),
		build("restarted twice while retaking", messages.StateReconnecting, ended(messages.Unknown), reborn(false)),
	}
}

// finalSituations are those that are never left.
func finalSituations() []situation {
	build := func(state messages.State, makers ...func(*trial) protocol.Input) situation {
		prepare := func() *trial { return newTrial(script.DefaultSettings()).steps(makers...) }
		return situation{name: fmt.Sprintf("%s after %d inputs", state, len(makers)), state: state, unasked: true, prepare: prepare}
	}
	return []situation{
		build(messages.StateCheckedIn, beginning, refuse(messages.NoSeats), silence, silence),
		build(messages.StateCheckedIn, beginning, grant, func(*trial) protocol.Input { return &protocol.Checkin{} }),
		build(messages.StateLost, beginning, grant, ended(messages.Unknown), refuse(messages.NoSeats)),
		build(messages.StateLost, beginning, grant, ended(messages.Unknown), timedOut),
		build(messages.StateExited, beginning, grant, beatFails(3), silence, silence, silence),
		{name: "unavailable", state: messages.StateUnavailable, unasked: true, prepare: func() *trial {
			p := newTrial(script.DefaultSettings()).steps(beginning, grant)
			p.f.state = messages.StateUnavailable
			return p
		}},
	}
}

// sweeping returns a feature that fails over from S1 and got these answers in its sweep, false when the sweep has decided.
func sweeping(lease, rounds string, answers []string) (situation, bool) {
	s := situation{
		name:    fmt.Sprintf("failing over, %s, %s, answers %v", lease, rounds, answers),
		state:   messages.StateFailingOver,
		refused: slices.Contains(answers, "refused"),
		reached: slices.Contains(answers, "refused") || slices.Contains(answers, "busy"),
		unasked: len(answers) == 3,
	}
	left, _, _ := strings.Cut(rounds, ", ")
	if s.unasked && left == noRoundsLeft && (s.refused || !s.reached) {
		return s, false
	}
	s.facts = []string{lease, left, [...]string{serversLeft, serversLeft, noServerLeft, waiting}[len(answers)]}
	s.prepare = func() *trial { return prepareSweep(lease, rounds, answers) }
	return s, true
}

func prepareSweep(lease, rounds string, answers []string) *trial {
	set := script.DefaultSettings()
	if rounds != noRoundsLeft {
		set.FailoverRounds = 2
	}
	p := newTrial(set).steps(beginning, grant)
	if lease == noLeaseLeft {
		p.steps(ended(messages.Unknown))
	}
	p.steps(beatFails(3))
	if strings.HasSuffix(rounds, "second round") {
		p.steps(silence, silence, silence, beatFails(4))
	}
	for _, a := range answers {
		p.steps(map[string]func(*trial) protocol.Input{"refused": refuse(messages.NoSeats), "silent": silence, "busy": putOff(9)}[a])
	}
	return p
}

// histories returns all sequences of up to n answers.
func histories(n int) [][]string {
	all := [][]string{nil}
	for last := all; n > 0; n-- {
		var longer [][]string
		for _, h := range last {
			for _, a := range []string{"refused", "silent", "busy"} {
				longer = append(longer, append(slices.Clone(h), a))
			}
		}
		all, last = append(all, longer...), longer
	}
	return all
}
