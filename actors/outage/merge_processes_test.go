package outage

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/seatbeat/seatbeat/messages"
)

// incarnation is one incarnation of a server, in seconds.
type incarnation struct{ up, down int }

// observer is a process that beats a server and keeps a record of its outages; it may share a store with others.
type observer struct {
	record messages.OutageRecord
	failed int // second of the first beat that failed; 0: none did
}

// beat has the process meet the server, or fail to, as the counter would note it.
func (p *observer) beat(now int, incarnations []incarnation) {
	n := slices.IndexFunc(incarnations, func(l incarnation) bool { return l.up <= now && now < l.down })
	if n < 0 {
		if p.failed == 0 {
			p.failed = now
		}
		return
	}
	news := messages.OutageRecord{Last: identityOf(n)}
	last := p.record.Last
	restart := last != news.Last
	down := now
	if p.failed > 0 {
		down = p.failed
	}
	if restart || p.failed > 0 {
		news.Outages = []messages.Outage{{BootID: news.Last.BootID, Restart: restart, Down: second(down), Up: second(now)}}
	}
	p.failed = 0
	p.record = mergedInHour(now, p.record, news)
}

func identityOf(n int) messages.Identity {
	return messages.Identity{ServerID: "S1", BootID: "b" + strconv.Itoa(n), Epoch: uint64(n)}
}

// anyIncarnations draws incarnations with pauses in between, for three quarters of an hour.
func anyIncarnations(rt *rapid.T) []incarnation {
	var incarnations []incarnation
	for up := 0; up < 2500; {
		down := up + rapid.IntRange(1, 200).Draw(rt, "incarnation")
		incarnations = append(incarnations, incarnation{up, down})
		up = down + rapid.IntRange(1, 40).Draw(rt, "pause")
	}
	return incarnations
}

func mergedInHour(now int, a, b messages.OutageRecord) messages.OutageRecord {
	return Merge(a, b, second(now), time.Hour)
}

// moment is something that one of the processes does, so many seconds after the one before.
type moment struct{ after, process, action int }

func anyMoments(rt *rapid.T) []moment {
	one := rapid.Custom(func(rt *rapid.T) moment {
		return moment{
			after:   rapid.IntRange(0, 8).Draw(rt, "after"),
			process: rapid.IntRange(0, 19).Draw(rt, "process"),
			action:  rapid.IntRange(0, 9).Draw(rt, "action"),
		}
	})
	return rapid.SliceOfN(one, 50, 300).Draw(rt, "moments")
}

// TestMergeCountsARestartOnceHoweverManyProcessesSeeIt lets twenty processes start at any time, beat at any pace and
// share a store, some soon and some late. No network ever breaks, so that there is one outage for each incarnation that anybody
// met after another one, and the time it was met first is its Up.
func TestMergeCountsARestartOnceHoweverManyProcessesSeeIt(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		incarnations := anyIncarnations(rt)
		store, now := messages.OutageRecord{Last: identityOf(0)}, 1
		processes := slices.Repeat([]observer{{record: store}}, 20)
		first := make(map[string]time.Time)
		for _, m := range anyMoments(rt) {
			now += m.after
			p := &processes[m.process]
			switch m.action {
			case 0: // it ends, and another one starts in its place
				store = mergedInHour(now, store, p.record)
				*p = observer{record: store}
			case 1, 2: // the store is slow, and so merges come long after what they tell
				store = mergedInHour(now, store, p.record)
				p.record = store
			default:
				before := p.record
				p.beat(now, incarnations)
				note(first, before, p.record)
			}
		}
		for _, p := range processes {
			store = mergedInHour(now, store, p.record)
		}
		assert.Equal(rt, first, restartTimes(store))
		assert.Empty(rt, breaksOf(store))
	})
}

// note keeps when each restart was seen first by anybody.
func note(first map[string]time.Time, before, after messages.OutageRecord) {
	known := restartTimes(before)
	for boot, up := range restartTimes(after) {
		_, old := known[boot]
		if at, ok := first[boot]; !old && (!ok || up.Before(at)) {
			first[boot] = up
		}
	}
}
