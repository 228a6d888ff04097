package feature

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seatbeat/seatbeat/messages"
)

// transition is one row of the table of a feature's states. An input without a row for the state changes and publishes
// nothing. The same holds for an input about another connection than the origin or another take than the latest. After a
// restart of its actor, a feature ignores every input until the origin has said what the feature holds, except those that
// end the checkout.
type transition struct {
	from      []messages.State
	on        string         // the name of the input
	when      []string       // conditions, which must all hold
	publishes []string       // the names of the events, in order, with what is special about them in brackets
	to        messages.State // or sameState
	then      string         // what else happens
}

// sameState is the target of a transition that leaves the state as it is.
const sameState = messages.States

// Conditions of transitions.
const (
	serversLeft   = "servers left"
	noServerLeft  = "no server left"
	mayQueue      = "Wait set and a server without free seats"
	mayNotQueue   = "nowhere to wait"
	inQueue       = "waiting in the queue"
	noRound       = "no round under way"
	roundsLeft    = "rounds left"
	noRoundsLeft  = "no rounds left"
	noLeaseLeft   = "no lease left to resume"
	leaseLeft     = "a lease left to resume"
	belowAttempts = "failed below Attempts"
	atAttempts    = "failed at Attempts or above"
	finalReason   = "revoked or feature expired"
	otherReason   = "any other reason"
	fromOther     = "from another server"
	fromTheOrigin = "from the origin"
	refusedBefore = "a final refusal before"
	undecided     = "reached but undecided"
	noneReached   = "none reached"
	restartsLeft  = "restarts left"
	noRestartLeft = "restarts used up"
	leaseHeld     = "a lease is held"
	noLeaseHeld   = "no lease is held"
	noneFailed    = "no heartbeat failed"
	originSilent  = "the origin is still silent"
	originBack    = "the origin has answered meanwhile"
)

// Groups of states that share rows.
var (
	checkingOut = []messages.State{messages.StateCheckingOut}
	justHeld    = []messages.State{messages.StateHeld}
	holding     = []messages.State{messages.StateHeld, messages.StateReconnecting}
	leased      = []messages.State{messages.StateHeld, messages.StateReconnecting, messages.StateFailingOver}
	retaking    = []messages.State{messages.StateRetaking}
	failingOver = []messages.State{messages.StateFailingOver}
)

// transitions is the table. The tests prove that the machine does this and nothing else, and write it into docs/states.md.
var transitions = []transition{
	{checkingOut, "seatGranted", nil, []string{"CheckedOut"}, messages.StateHeld, ""},
	{checkingOut, "seatRefused", []string{serversLeft}, nil, messages.StateCheckingOut, "next server"},
	{checkingOut, "seatUnanswered", []string{serversLeft}, nil, messages.StateCheckingOut, "next server"},
	{checkingOut, "seatRefused", []string{noServerLeft, mayQueue}, nil, messages.StateCheckingOut, "waits in the queue there"},
	{checkingOut, "seatUnanswered", []string{noServerLeft, mayQueue}, nil, messages.StateCheckingOut, "waits in the queue there"},
	{checkingOut, "seatRefused", []string{noServerLeft, mayNotQueue}, nil, messages.StateCheckedIn, "error to the caller with each server's reason"},
	{checkingOut, "seatUnanswered", []string{noServerLeft, mayNotQueue}, nil, messages.StateCheckedIn, "error to the caller with each server's reason"},
	{checkingOut, "seatRefused", []string{inQueue}, nil, messages.StateCheckedIn, "error to the caller with each server's reason"},
	{checkingOut, "seatUnanswered", []string{inQueue}, nil, messages.StateCheckingOut, "the connection repeats the same request"},
	{checkingOut, "cancelled", nil, nil, messages.StateCheckedIn, "error to the caller"},
	{checkingOut, "closed", nil, nil, messages.StateCheckedIn, "error to the caller"},
	{checkingOut, "downLimit", nil, nil, messages.StateCheckedIn, "error to the caller"},
	{checkingOut, "restarted", nil, nil, messages.StateCheckedIn, "error to the caller"},
	{checkingOut, "askAgain", []string{noServerLeft, mayQueue}, nil, messages.StateCheckingOut, "waits in the queue there"},
	{checkingOut, "askAgain", []string{noServerLeft, mayNotQueue}, nil, messages.StateCheckedIn, "error to the caller with each server's reason"},
	{checkingOut, "askAgain", []string{inQueue}, nil, messages.StateCheckingOut, "waits in the queue anew"},

	{justHeld, "heartbeatFailed", []string{belowAttempts}, nil, messages.StateReconnecting, ""},
	{holding, "heartbeatFailed", []string{atAttempts}, nil, messages.StateFailingOver, "round begins"},
	{holding, "leaseResumed", nil, []string{"RetryingFeature", "CheckoutSucceeded(Resumed)"}, messages.StateHeld, ""},
	{failingOver, "leaseResumed", []string{leaseLeft}, []string{"RetryingFeature", "CheckoutSucceeded(Resumed)"}, messages.StateHeld, ""},
	{leased, "leaseEnded", []string{finalReason}, []string{"LicenseLost"}, messages.StateLost, ""},
	{leased, "leaseEnded", []string{otherReason}, []string{"RetryingFeature"}, messages.StateRetaking, ""},

	{retaking, "seatGranted", nil, []string{"CheckoutSucceeded"}, messages.StateHeld, ""},
	{retaking, "seatRefused", nil, []string{"CheckoutFailed", "LicenseLost"}, messages.StateLost, ""},
	{retaking, "seatUnanswered", nil, nil, messages.StateRetaking, "the connection repeats the same request"},
	{retaking, "heartbeatFailed", []string{belowAttempts}, nil, messages.StateRetaking, ""},
	{retaking, "heartbeatFailed", []string{atAttempts}, []string{"CheckoutFailed(Unanswered)"}, messages.StateFailingOver, "round begins"},

	{failingOver, "seatGranted", []string{fromOther}, []string{"RetryingFeature", "CheckoutSucceeded", "FailedOver"}, messages.StateHeld, "new origin"},
	{failingOver, "seatGranted", []string{fromTheOrigin}, []string{"RetryingFeature", "CheckoutSucceeded"}, messages.StateHeld, ""},
	{failingOver, "seatRefused", []string{originSilent, serversLeft}, []string{"RetryingFeature", "CheckoutFailed"}, messages.StateFailingOver, "next server"},
	{failingOver, "seatUnanswered", []string{originSilent, serversLeft}, nil, messages.StateFailingOver, "next server"},
	{failingOver, "seatRefused", []string{originSilent, noServerLeft, roundsLeft}, []string{"RetryingFeature", "CheckoutFailed"}, messages.StateFailingOver, "waits"},
	{failingOver, "seatUnanswered", []string{originSilent, noServerLeft, roundsLeft}, nil, messages.StateFailingOver, "waits"},
	{failingOver, "heartbeatFailed", []string{belowAttempts}, nil, messages.StateFailingOver, "no new round, rounds start again"},
	{failingOver, "heartbeatFailed", []string{atAttempts, noRound}, nil, messages.StateFailingOver, "next round"},
	{failingOver, "serverRegained", []string{noLeaseLeft}, []string{"RetryingFeature"}, messages.StateRetaking, ""},
	{failingOver, "seatRefused", []string{originSilent, noServerLeft, noRoundsLeft}, []string{"RetryingFeature", "CheckoutFailed", "LicenseLost"}, messages.StateLost, ""},
	{failingOver, "seatUnanswered", []string{originSilent, noServerLeft, noRoundsLeft, refusedBefore}, []string{"LicenseLost"}, messages.StateLost, ""},
	{failingOver, "seatUnanswered", []string{originSilent, noServerLeft, noRoundsLeft, undecided}, nil, messages.StateFailingOver, "waits"},
	{failingOver, "seatUnanswered", []string{originSilent, noServerLeft, noRoundsLeft, noneReached}, []string{"LicenseLost"}, messages.StateExited, "the runtime publishes Exited"},

	{failingOver, "askAgain", []string{originSilent, noServerLeft, noRoundsLeft, refusedBefore}, []string{"LicenseLost"}, messages.StateLost, ""},

	{failingOver, "seatRefused", []string{originBack}, []string{"RetryingFeature", "CheckoutFailed"}, messages.StateFailingOver, "the round is over, waits for the origin"},
	{failingOver, "seatUnanswered", []string{originBack}, nil, messages.StateFailingOver, "the round is over, waits for the origin"},

	{leased, "originReplaced", nil, nil, sameState, "the other server is the origin"},
	{retaking, "originReplaced", nil, nil, sameState, "the seats are asked for anew there"},
	{leased, "leaseTimedOut", nil, []string{"LicenseLost"}, messages.StateLost, ""},
	{retaking, "leaseTimedOut", nil, []string{"CheckoutFailed(Ended)", "LicenseLost"}, messages.StateLost, ""},
	{leased, "downLimit", nil, []string{"LicenseLost"}, messages.StateUnavailable, ""},
	{retaking, "downLimit", nil, []string{"CheckoutFailed(Ended)", "LicenseLost"}, messages.StateUnavailable, ""},
	{leased, "checkin", nil, []string{"CheckedIn"}, messages.StateCheckedIn, ""},
	{retaking, "checkin", nil, []string{"CheckoutFailed(Ended)", "CheckedIn"}, messages.StateCheckedIn, ""},
	{leased, "closed", nil, []string{"CheckedIn"}, messages.StateCheckedIn, "Err is ErrClosed"},
	{retaking, "closed", nil, []string{"CheckoutFailed(Ended)", "CheckedIn"}, messages.StateCheckedIn, "Err is ErrClosed"},
	{leased, "cancelled", nil, []string{"CheckedIn"}, messages.StateCheckedIn, "the caller of the checkout left"},
	{retaking, "cancelled", nil, []string{"CheckoutFailed(Ended)", "CheckedIn"}, messages.StateCheckedIn, "the caller of the checkout left"},

	{leased, "restarted", []string{restartsLeft}, []string{"FeatureRestarted"}, sameState, "the origin is asked what is held"},
	{retaking, "restarted", []string{restartsLeft}, []string{"CheckoutFailed(Ended)", "FeatureRestarted"}, messages.StateReconnecting, "the origin is asked what is held"},
	{leased, "holdings", []string{leaseHeld, noneFailed}, nil, messages.StateHeld, ""},
	{leased, "holdings", []string{leaseHeld, belowAttempts}, nil, messages.StateReconnecting, ""},
	{leased, "holdings", []string{noLeaseHeld, noneFailed}, []string{"RetryingFeature"}, messages.StateRetaking, ""},
	{leased, "holdings", []string{noLeaseHeld, belowAttempts}, []string{"RetryingFeature"}, messages.StateRetaking, ""},
	{leased, "holdings", []string{atAttempts}, nil, messages.StateFailingOver, "round begins"},
	{leased, "restarted", []string{noRestartLeft}, []string{"LicenseLost"}, messages.StateLost, ""},
	{retaking, "restarted", []string{noRestartLeft}, []string{"CheckoutFailed(Ended)", "LicenseLost"}, messages.StateLost, ""},
	{leased, "restartsUsedUp", nil, []string{"LicenseLost"}, messages.StateLost, "those of the origin"},
	{retaking, "restartsUsedUp", nil, []string{"CheckoutFailed(Ended)", "LicenseLost"}, messages.StateLost, "those of the origin"},
}

// renderTransitions returns the diagram and the table for docs/states.md.
func renderTransitions() string {
	return "```mermaid\n" + renderDiagram() + "```\n\n" + renderTable()
}

// renderDiagram draws what changes the state. The conditions, and what does not change it, are in the table only.
func renderDiagram() string {
	var order []string
	labels := map[string][]string{}
	for _, row := range transitions {
		for _, from := range row.from {
			if row.to == from || row.to == sameState {
				continue
			}
			edge := fmt.Sprintf("%s --> %s", from, row.drawnTo())
			if labels[edge] == nil {
				order = append(order, edge)
			}
			if !slices.Contains(labels[edge], row.on) {
				labels[edge] = append(labels[edge], row.on)
			}
		}
	}
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n    [*] --> CheckingOut\n")
	for _, edge := range order {
		fmt.Fprintf(&b, "    %s: %s\n", edge, strings.Join(labels[edge], "<br/>"))
	}
	for s := range messages.States {
		if s.Final() {
			fmt.Fprintf(&b, "    %s --> [*]\n", s)
		}
	}
	return b.String()
}

func renderTable() string {
	var b strings.Builder
	b.WriteString("| from | input | publishes, in order | to |\n| --- | --- | --- | --- |\n")
	for _, row := range transitions {
		publishes := strings.Join(row.publishes, ", ")
		if publishes == "" {
			publishes = "none"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", joinStates(row.from), row.input(), publishes, row.outcome())
	}
	return b.String()
}

// input returns the input with its conditions.
func (row transition) input() string {
	return strings.Join(append([]string{row.on}, row.when...), ", ")
}

// ends reports whether the row ends a first checkout. The caller then gets an error and no License, so no state is
// visible.
func (row transition) ends() bool {
	return row.from[0] == messages.StateCheckingOut && row.to.Final()
}

func (row transition) drawnTo() string {
	if row.ends() {
		return "[*]"
	}
	return row.to.String()
}

func (row transition) outcome() string {
	to := row.to.String()
	switch {
	case row.ends():
		to = "ends"
	case row.to == sameState:
		to = "the same"
	}
	if row.then == "" {
		return to
	}
	return to + ", " + row.then
}

func joinStates(states []messages.State) string {
	names := make([]string, len(states))
	for i, s := range states {
		names[i] = s.String()
	}
	return strings.Join(names, ", ")
}
