package connection

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seatbeat/seatbeat/actors/protocol"
)

func at(d time.Duration) protocol.Instant { return protocol.Instant{Mono: d, Wall: d} }

func takeOf(id uint64, mode protocol.TakeMode) *take {
	return &take{member: claimOf(id), number: 1, mode: mode, timeout: 5 * time.Second}
}

func TestTakesAreSentInTheOrderInWhichTheyCame(t *testing.T) {
	b := newTakeBook()
	first, second, third := takeOf(3, protocol.FirstMode), takeOf(1, protocol.FirstMode), takeOf(2, protocol.FirstMode)
	b.add(first)
	b.add(second)
	b.add(third)
	assert.Equal(t, []*take{first, second}, b.pop(2))
	assert.Equal(t, []*take{third}, b.pop(2))
}

func TestTakeThatIsOffIsNotSent(t *testing.T) {
	b := newTakeBook()
	off, other := takeOf(1, protocol.FirstMode), takeOf(2, protocol.FirstMode)
	b.add(off)
	b.add(other)
	b.remove(off)
	assert.Equal(t, []*take{other}, b.pop(9))
}

func TestTakeIsInABatchOnce(t *testing.T) {
	b := newTakeBook()
	x := takeOf(1, protocol.RetakeMode)
	b.add(x)
	b.queue = append(b.queue, x)
	assert.Equal(t, []*take{x}, b.pop(9))
}

func TestRemovingATakeLeavesALaterOneOfItsFeature(t *testing.T) {
	b := newTakeBook()
	f := claimOf(1)
	earlier, later := &take{member: f, number: 1}, &take{member: f, number: 2}
	b.add(earlier)
	b.add(later)
	b.remove(earlier)
	assert.Equal(t, []*take{later}, b.all())
}

func TestHeldTakeIsSentWhenItsTimeHasCome(t *testing.T) {
	b := newTakeBook()
	soon, late := takeOf(1, protocol.RetakeMode), takeOf(2, protocol.RetakeMode)
	b.add(soon)
	b.add(late)
	b.pop(9)
	soon.flying, late.flying = false, false
	b.hold(late, at(9*time.Second))
	b.hold(soon, at(3*time.Second))
	require.Equal(t, at(3*time.Second), b.next())
	b.release(at(2 * time.Second))
	require.Empty(t, b.pop(9))
	b.release(at(3 * time.Second))
	assert.Equal(t, []*take{soon}, b.pop(9))
	assert.Equal(t, at(9*time.Second), b.next())
}

func TestTimeOfATakeRunsFromItsFirstSending(t *testing.T) {
	b := newTakeBook()
	x := takeOf(1, protocol.RoundMode)
	b.add(x)
	require.Zero(t, b.next())
	b.startClock(at(time.Second), x)
	b.startClock(at(4*time.Second), x)
	assert.Equal(t, at(6*time.Second), b.next())
}

func TestRetakeHasNoTimeLimit(t *testing.T) {
	b := newTakeBook()
	b.add(takeOf(1, protocol.RetakeMode))
	b.startClocks(at(time.Second))
	assert.Zero(t, b.next())
	assert.Empty(t, b.overdue(at(time.Hour)))
}

func TestOverdueTakesAreThoseWhoseTimeIsOver(t *testing.T) {
	b := newTakeBook()
	early, late := takeOf(1, protocol.FirstMode), takeOf(2, protocol.FirstMode)
	b.add(early)
	b.add(late)
	b.startClock(at(1*time.Second), early)
	b.startClock(at(3*time.Second), late)
	require.Empty(t, b.overdue(at(5*time.Second)))
	assert.Equal(t, []*take{early}, b.overdue(at(6*time.Second)))
	assert.Equal(t, at(8*time.Second), b.next(), "the other one is still looked at")
}

func TestOnlyCallsRepeatATakeWithoutAutomaticHeartbeats(t *testing.T) {
	for _, c := range []struct {
		name      string
		take      *take
		automatic bool
		want      bool
	}{
		{"first take", takeOf(1, protocol.FirstMode), false, true},
		{"retake, automatic", takeOf(1, protocol.RetakeMode), true, true},
		{"retake by hand", takeOf(1, protocol.RetakeMode), false, false},
		{"retake that a call waits for", &take{member: claimOf(1), mode: protocol.RetakeMode, call: protocol.NewReply()}, false, true},
	} {
		b := newTakeBook()
		b.add(c.take)
		assert.Equal(t, c.want, b.repeated(c.automatic), c.name)
	}
}

// TestNoTakeIsForgotten does anything to a book: each take that is not off is queued, held, or under way.
func TestNoTakeIsForgotten(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b, now, flying := newTakeBook(), time.Second, []*take(nil)
		rt.Repeat(map[string]func(*rapid.T){
			"": func(rt *rapid.T) {
				for _, x := range b.all() {
					waits := x.flying
					for _, y := range append(b.queue, b.held...) {
						waits = waits || x == y
					}
					require.True(rt, waits, "a take is neither queued nor held nor under way")
				}
				assert.Equal(rt, len(b.of) == 0, b.empty())
			},
			"add": func(rt *rapid.T) {
				x := takeOf(rapid.Uint64Range(1, 5).Draw(rt, "claim"), protocol.RetakeMode)
				if old := b.of[x.member.ID()]; old != nil {
					b.remove(old)
				}
				b.add(x)
			},
			"remove": func(rt *rapid.T) {
				if all := b.all(); len(all) > 0 {
					b.remove(rapid.SampledFrom(all).Draw(rt, "take"))
				}
			},
			"send": func(rt *rapid.T) {
				for _, x := range b.pop(rapid.IntRange(1, 3).Draw(rt, "most")) {
					require.False(rt, x.off, "a take that is off is sent")
					require.NotContains(rt, flying, x, "a take is sent twice at a time")
					flying = append(flying, x)
				}
			},
			"no answer": func(rt *rapid.T) {
				for _, x := range flying {
					x.flying = false
					if !x.off {
						b.hold(x, at(now+time.Duration(rapid.IntRange(0, 5).Draw(rt, "seconds"))*time.Second))
					}
				}
				flying = nil
			},
			"time": func(rt *rapid.T) {
				now += time.Duration(rapid.IntRange(1, 4).Draw(rt, "seconds")) * time.Second
				b.release(at(now))
				for _, x := range b.held {
					require.True(rt, at(now).Before(x.notBefore), "a take is held longer than it should be")
				}
			},
		})
	})
}
