package supervisor

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

func popAll(q *eventQueue) []messages.Event {
	var all []messages.Event
	for e, ok := q.pop(); ok; e, ok = q.pop() {
		all = append(all, e)
	}
	return all
}

func TestEventQueueOverflow(t *testing.T) {
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
			q := eventQueue{bound: 2}
			for _, e := range c.push {
				q.push(e)
			}
			assert.Equal(t, c.want, popAll(&q))
		})
	}
}

// eventList is eventQueue as one would write it without regard to cost: one list with the reports in it.
type eventList struct {
	bound int
	all   []messages.Event
}

func (l *eventList) push(e messages.Event) {
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

// drop puts a report in the event's place, or adds it to the report before it.
func (l *eventList) drop(i int) {
	if i > 0 {
		if report, ok := l.all[i-1].(messages.EventsDropped); ok {
			l.all[i-1] = dropped(report.Number + 1)
			l.all = append(l.all[:i:i], l.all[i+1:]...)
			return
		}
	}
	l.all[i] = dropped(1)
}

func TestEventQueueBehavesLikeAList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bound := rapid.IntRange(1, 5).Draw(t, "bound")
		queue, list := eventQueue{bound: bound}, eventList{bound: bound}
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

func TestEventQueueStaysSmallHoweverManyAreDropped(t *testing.T) {
	q := eventQueue{bound: 10}
	q.push(terminal(0)) // in front of all that is dropped
	for i := range 100_000 {
		q.push(ordinary(i))
	}
	assert.LessOrEqual(t, q.recent.Len()+q.kept.Len(), 12)
}
