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

// life is one life of a server, in seconds.
type life struct{ up, down int }

// observer is a process that beats a server and keeps a record of its outages; it may share a store with others.
type observer struct {
	record messages.OutageRecord
	failed int // second of the first beat that failed; 0: none did
}

// beat has the process meet the server, or fail to, as the down counter would have it.
func (p *observer) beat(now int, lives []life) {
	n := slices.IndexFunc(lives, func(l life) bool { return l.up <= now && now < l.down })
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

// anyLives draws lives with pauses in between, for three quarters of an hour.
func anyLives(rt *rapid.T) []life {
	var lives []life
	for up := 0; up < 2500; {
		down := up + rapid.IntRange(1, 200).Draw(rt, "life")
		lives = append(lives, life{up, down})
		up = down + rapid.IntRange(1, 40).Draw(rt, "pause")
	}
	return lives
}

func mergedInHour(now int, a, b messages.OutageRecord) messages.OutageRecord {
	return Merge(a, b, second(now), time.Hour)
}

// moment is something that one of the processes does, so many seconds after the one before.
type moment struct{ after, process, deed int }

func anyMoments(rt *rapid.T) []moment {
	one := rapid.Custom(func(rt *rapid.T) moment {
		return moment{
			after:   rapid.IntRange(0, 8).Draw(rt, "after"),
			process: rapid.IntRange(0, 19).Draw(rt, "process"),
			deed:    rapid.IntRange(0, 9).Draw(rt, "deed"),
		}
	})
	return rapid.SliceOfN(one, 50, 300).Draw(rt, "moments")
}

// TestMergeOutagesCountsARestartOnceHoweverManyProcessesSeeIt lets twenty processes start at any time, beat at any pace and
// share a store, some soon and some late. No network ever breaks, so that there is one outage for each life that anybody
// met after another one, and the time it was met first is its Up.
func TestMergeOutagesCountsARestartOnceHoweverManyProcessesSeeIt(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		lives := anyLives(rt)
		store, now := messages.OutageRecord{Last: identityOf(0)}, 1
		processes := slices.Repeat([]observer{{record: store}}, 20)
		first := make(map[string]time.Time)
		for _, m := range anyMoments(rt) {
			now += m.after
			p := &processes[m.process]
			switch m.deed {
			case 0: // it ends, and another one starts in its place
				store = mergedInHour(now, store, p.record)
				*p = observer{record: store}
			case 1, 2: // the store is slow, and so merges come long after what they tell
				store = mergedInHour(now, store, p.record)
				p.record = store
			default:
				before := p.record
				p.beat(now, lives)
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
