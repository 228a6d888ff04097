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
	name      string
	state     messages.State
	facts     []string
	refused   bool // a server refused the seats in this round
	reached   bool // a server was reached in this round
	unasked   bool // no take is under way
	waits     bool // Wait is set
	noSeats   bool // a server said in this first checkout that it has no free seats
	resyncing bool // the actor was restarted, and the origin is asked what is held
	prepare   func() *harness
}

func (s situation) String() string { return s.name }

// verdict is what a round comes to when this answer is its last one.
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

// queueing says whether a first checkout may wait in a queue when this answer is its last one.
func (s situation) queueing(st stimulus) string {
	if s.waits && (s.noSeats || st.noSeats) {
		return mayQueue
	}
	return mayNotQueue
}

// situations returns a feature in every state and, where the table makes a difference, in every way to be in it.
func situations() []situation {
	all := append(plainSituations(), finalSituations()...)
	all = append(all, waitingSituations()...)
	all = append(all, resyncingSituations()...)
	for _, lease := range []string{leaseLeft, noLeaseLeft} {
		for _, rounds := range []string{roundsLeft, noRoundsLeft, "no rounds left, in the second round"} {
			for _, answers := range histories(3) {
				for _, origin := range []string{originSilent, originBack} {
					if s, ok := inRound(lease, rounds, origin, answers); ok {
						all = append(all, s)
					}
				}
			}
		}
	}
	return all
}

// plainSituations are those outside of failover rounds.
func plainSituations() []situation {
	start := func(makers ...func(*harness) protocol.Input) func() *harness {
		return func() *harness { return newHarness(script.DefaultSettings()).steps(makers...) }
	}
	held := []func(*harness) protocol.Input{beginning, grant}
	after := func(more ...func(*harness) protocol.Input) func() *harness {
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
	start := func(makers ...func(*harness) protocol.Input) func() *harness {
		return func() *harness {
			p := newHarness(script.DefaultSettings())
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
		{name: "waiting in the queue", state: checkingOut, facts: []string{inQueue},
			prepare: start(beginning, refuse(messages.NoSeats), silence, silence)},
	}
}

// resyncingSituations are those after a panic, until the origin has said what is held.
func resyncingSituations() []situation {
	build := func(name string, state messages.State, makers ...func(*harness) protocol.Input) situation {
		prepare := func() *harness {
			p := newHarness(script.DefaultSettings()).steps(beginning, grant)
			return p.steps(makers...).steps(afterPanic(false))
		}
		return situation{name: name, state: state, unasked: true, resyncing: true, prepare: prepare}
	}
	return []situation{
		build("restarted while held", messages.StateHeld),
		build("restarted while reconnecting", messages.StateReconnecting, beatFails(1)),
		build("restarted while retaking", messages.StateReconnecting, ended(messages.Unknown)),
		build("restarted in a round", messages.StateFailingOver, beatFails(3)),
		build("restarted twice while retaking", messages.StateReconnecting, ended(messages.Unknown), afterPanic(false)),
	}
}

// finalSituations are those that are never left.
func finalSituations() []situation {
	build := func(state messages.State, makers ...func(*harness) protocol.Input) situation {
		prepare := func() *harness { return newHarness(script.DefaultSettings()).steps(makers...) }
		return situation{name: fmt.Sprintf("%s after %d inputs", state, len(makers)), state: state, unasked: true, prepare: prepare}
	}
	return []situation{
		build(messages.StateCheckedIn, beginning, refuse(messages.NoSeats), silence, silence),
		build(messages.StateCheckedIn, beginning, grant, func(*harness) protocol.Input { return &protocol.Checkin{} }),
		build(messages.StateLost, beginning, grant, ended(messages.Unknown), refuse(messages.NoSeats)),
		build(messages.StateLost, beginning, grant, ended(messages.Unknown), timedOut),
		build(messages.StateExited, beginning, grant, beatFails(3), silence, silence, silence),
		{name: "unavailable", state: messages.StateUnavailable, unasked: true, prepare: func() *harness {
			p := newHarness(script.DefaultSettings()).steps(beginning, grant)
			p.f.state = messages.StateUnavailable
			return p
		}},
	}
}

// inRound returns a feature that fails over from S1 and got these answers in its round; false when they have decided it.
func inRound(lease, rounds, origin string, answers []string) (situation, bool) {
	s := situation{
		name:    fmt.Sprintf("failing over, %s, %s, %s, answers %v", lease, rounds, origin, answers),
		state:   messages.StateFailingOver,
		refused: slices.Contains(answers, "refused"),
		reached: slices.Contains(answers, "refused") || slices.Contains(answers, "busy"),
		unasked: len(answers) == 3,
	}
	left, _, _ := strings.Cut(rounds, ", ")
	if s.unasked && left == noRoundsLeft && (s.refused || !s.reached) {
		return s, false
	}
	s.facts = []string{lease, left, origin, [...]string{serversLeft, serversLeft, noServerLeft, noRound}[len(answers)]}
	s.prepare = func() *harness {
		p := prepareRound(lease, rounds, answers)
		if origin == originBack {
			p.f.seats.origin.Show(0, 0, 0)
		}
		return p
	}
	return s, true
}

func prepareRound(lease, rounds string, answers []string) *harness {
	set := script.DefaultSettings()
	if rounds != noRoundsLeft {
		set.FailoverRounds = 2
	}
	p := newHarness(set).steps(beginning, grant)
	if lease == noLeaseLeft {
		p.steps(ended(messages.Unknown))
	}
	p.steps(beatFails(3))
	if strings.HasSuffix(rounds, "second round") {
		p.steps(silence, silence, silence, beatFails(4))
	}
	for _, a := range answers {
		p.steps(map[string]func(*harness) protocol.Input{"refused": refuse(messages.NoSeats), "silent": silence, "busy": putOff(9)}[a])
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
