package feature

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

func TestMachineDoesWhatEachRowOfTheTableSays(t *testing.T) {
	executed := map[string]bool{}
	eachPair(t, func(p *harness, s situation, st stimulus) {
		row := rowOf(t, s, st)
		if row == nil {
			return
		}
		executed[row.input()+" in "+p.f.state.String()] = true
		before := p.f.state
		effects := p.step(st.in(p))
		to := row.to
		if to == sameState {
			to = before
		}
		assert.Equal(t, row.publishes, eventLabels(effects), "%s, %s", s, st)
		assert.Equal(t, to, p.f.state, "%s, %s", s, st)
	})
	for _, row := range transitions {
		for _, from := range row.from {
			assert.True(t, executed[row.input()+" in "+from.String()], "nothing executes the row: %s in %s", row.input(), from)
		}
	}
}

func TestWhatIsNotInTheTableChangesAndPublishesNothing(t *testing.T) {
	eachPair(t, func(p *harness, s situation, st stimulus) {
		if rowOf(t, s, st) != nil {
			return
		}
		before := p.f.state
		effects := p.step(st.in(p))
		assert.Empty(t, eventLabels(effects), "%s, %s", s, st)
		assert.Equal(t, before, p.f.state, "%s, %s", s, st)
	})
}

func TestInputAboutAnotherOriginOrTakeIsDroppedInEveryState(t *testing.T) {
	for _, s := range situations() {
		for _, st := range staleStimuli() {
			p := s.prepare()
			before := *p.f
			assert.Empty(t, p.step(st.in(p)), "%s, %s", s, st)
			assert.Equal(t, before, *p.f, "%s, %s", s, st)
		}
	}
}

func TestSituationsShowEveryState(t *testing.T) {
	seen := map[messages.State]bool{}
	for _, s := range situations() {
		p := s.prepare()
		require.Equal(t, s.state, p.f.state, "%s", s)
		seen[s.state] = true
	}
	assert.Len(t, seen, int(messages.States))
}

// eachPair runs check for every situation and every input, each time with a feature prepared afresh.
func eachPair(t *testing.T, check func(*harness, situation, stimulus)) {
	t.Helper()
	for _, s := range situations() {
		for _, st := range stimuli() {
			check(s.prepare(), s, st)
		}
	}
}

// rowOf returns the row for an input in a situation, nil when there is none.
func rowOf(t *testing.T, s situation, st stimulus) *transition {
	t.Helper()
	facts := append(slices.Clone(s.facts), st.facts...)
	if st.answer && s.unasked {
		return nil // no take is under way: the answer is stale
	}
	if s.resyncing && !heededWhileResyncing[st.on] || !s.resyncing && st.on == "holdings" {
		return nil
	}
	if st.on == "seatUnanswered" || st.on == "askAgain" {
		facts = append(facts, s.verdict(st))
	}
	if s.state == messages.StateCheckingOut {
		facts = append(facts, s.queueing(st))
	}
	var found *transition
	for i, row := range transitions {
		if row.on == st.on && slices.Contains(row.from, s.state) && holdsAll(facts, row.when) {
			require.Nil(t, found, "two rows for %s, %s", s, st)
			found = &transitions[i]
		}
	}
	return found
}

// heededWhileResyncing names the inputs that count before the origin has said what is held.
var heededWhileResyncing = map[string]bool{
	"holdings": true, "restarted": true, "restartsUsedUp": true, "originReplaced": true,
	"cancelled": true, "checkin": true, "closed": true, "downLimit": true, "leaseTimedOut": true,
}

func holdsAll(facts, when []string) bool {
	return !slices.ContainsFunc(when, func(w string) bool { return !slices.Contains(facts, w) })
}

// eventLabels names the published events as the table does.
func eventLabels(effects []protocol.Effect) []string {
	var labels []string
	for _, e := range effects {
		if p, ok := e.(protocol.Publish); ok {
			labels = append(labels, eventLabel(p.Event))
		}
	}
	return labels
}

func eventLabel(e messages.Event) string {
	switch e := e.(type) {
	case messages.CheckoutSucceeded:
		if e.Resumed {
			return "CheckoutSucceeded(Resumed)"
		}
	case messages.CheckoutFailed:
		if e.Reason == messages.Unanswered || e.Reason == messages.Ended {
			return "CheckoutFailed(" + e.Reason.String() + ")"
		}
	}
	return messages.Name(e)
}

var update = flag.Bool("update", false, "write the table of states into docs/states.md")

func TestDocsShowTheTableOfStates(t *testing.T) {
	const file, first, last = "../../docs/states.md", "<!-- states:begin -->\n", "<!-- states:end -->"
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	head, rest, found := strings.Cut(string(text), first)
	require.True(t, found, "%s has no %s", file, first)
	block, tail, found := strings.Cut(rest, last)
	require.True(t, found, "%s has no %s", file, last)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(head+first+renderTransitions()+last+tail), 0o644))
		return
	}
	assert.Equal(t, renderTransitions(), block, "update it with: go test ./actors/feature -run TestDocs -update")
}
