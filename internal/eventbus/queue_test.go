package eventbus

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seatbeat/seatbeat/messages"
)

// ordinary and terminal are events that a test can tell apart by their number.
func ordinary(n int) messages.Event { return messages.ConnectionLost{Failed: n} }
func terminal(n int) messages.Event { return messages.DownLimitExceeded{Count: n} }

func dropped(n int) messages.Event { return messages.EventsDropped{Number: n} }

func popAll(q *queue) []messages.Event {
	var all []messages.Event
	for e, ok := q.pop(); ok; e, ok = q.pop() {
		all = append(all, e)
	}
	return all
}

// reported returns how many drops the events report.
func reported(events []messages.Event) (n int) {
	for _, e := range events {
		if report, ok := e.(messages.EventsDropped); ok {
			n += report.Number
		}
	}
	return n
}

func TestQueueOverflow(t *testing.T) {
	type events = []messages.Event
	for name, c := range map[string]struct{ push, want events }{ // with a bound of 2
		"keeps what fits": {events{ordinary(1), ordinary(2)}, events{ordinary(1), ordinary(2)}},
		"drops the oldest and says so in its place":      {events{ordinary(1), ordinary(2), ordinary(3)}, events{dropped(1), ordinary(2), ordinary(3)}},
		"counts what it drops":                           {events{ordinary(1), ordinary(2), ordinary(3), ordinary(4)}, events{dropped(2), ordinary(3), ordinary(4)}},
		"keeps all terminal events":                      {events{terminal(1), terminal(2), terminal(3)}, events{terminal(1), terminal(2), terminal(3)}},
		"drops behind a terminal event":                  {events{terminal(1), ordinary(2), ordinary(3), ordinary(4)}, events{terminal(1), dropped(1), ordinary(3), ordinary(4)}},
		"drops nothing for a terminal event":             {events{ordinary(1), ordinary(2), terminal(3)}, events{ordinary(1), ordinary(2), terminal(3)}},
		"drops between terminal events, and says so":     {events{terminal(1), ordinary(2), terminal(3), ordinary(4), ordinary(5), ordinary(6)}, events{terminal(1), dropped(1), terminal(3), dropped(1), ordinary(5), ordinary(6)}},
		"makes one report of what is dropped in one gap": {events{ordinary(1), ordinary(2), ordinary(3), ordinary(4), ordinary(5), terminal(6)}, events{dropped(3), ordinary(4), ordinary(5), terminal(6)}},
	} {
		t.Run(name, func(t *testing.T) {
			q := queue{bound: 2}
			drops := 0
			for _, e := range c.push {
				if q.push(e) {
					drops++
				}
			}
			got := popAll(&q)
			assert.Equal(t, c.want, got)
			assert.Equal(t, drops, reported(got))
		})
	}
}

// list is the queue written without regard to cost: one list with the reports in it.
type list struct {
	bound int
	all   []messages.Event
}

func (l *list) push(e messages.Event) {
	l.all = append(l.all, e)
	oldest, count := -1, 0
	for i, e := range l.all {
		if _, report := e.(messages.EventsDropped); report || messages.Terminal(e) {
			continue
		}
		if count++; count == 1 {
			oldest = i
		}
	}
	if count > l.bound {
		l.drop(oldest)
	}
}

// drop replaces the event by a report, or adds the event to the report before it.
func (l *list) drop(i int) {
	if i > 0 {
		if report, ok := l.all[i-1].(messages.EventsDropped); ok {
			l.all[i-1] = dropped(report.Number + 1)
			l.all = append(l.all[:i:i], l.all[i+1:]...)
			return
		}
	}
	l.all[i] = dropped(1)
}

func TestQueueBehavesLikeAList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bound := rapid.IntRange(1, 5).Draw(t, "bound")
		queue, list := queue{bound: bound}, list{bound: bound}
		for i, step := range rapid.SliceOf(rapid.SampledFrom([]string{"ordinary", "ordinary", "terminal", "pop"})).Draw(t, "steps") {
			switch step {
			case "pop":
				e, ok := queue.pop()
				require.Equal(t, len(list.all) > 0, ok)
				if ok {
					require.Equal(t, list.all[0], e)
					list.all = list.all[1:]
				}
			case "terminal":
				queue.push(terminal(i))
				list.push(terminal(i))
			default:
				queue.push(ordinary(i))
				list.push(ordinary(i))
			}
		}
		rest := popAll(&queue)
		require.Len(t, rest, len(list.all))
		for i := range rest {
			require.Equal(t, list.all[i], rest[i])
		}
	})
}

func TestQueueStaysSmallHoweverManyAreDropped(t *testing.T) {
	q := queue{bound: 10}
	q.push(terminal(0)) // before everything that is dropped
	for i := range 100_000 {
		q.push(ordinary(i))
	}
	assert.LessOrEqual(t, q.recent.Len()+q.kept.Len(), 12)
}
