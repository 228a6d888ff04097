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
	b := newPendingTakes()
	first, second, third := takeOf(3, protocol.FirstMode), takeOf(1, protocol.FirstMode), takeOf(2, protocol.FirstMode)
	b.add(first)
	b.add(second)
	b.add(third)
	assert.Equal(t, []*take{first, second}, b.pop(2))
	assert.Equal(t, []*take{third}, b.pop(2))
}

func TestCancelledTakeIsNotSent(t *testing.T) {
	b := newPendingTakes()
	cancelled, other := takeOf(1, protocol.FirstMode), takeOf(2, protocol.FirstMode)
	b.add(cancelled)
	b.add(other)
	b.remove(cancelled)
	assert.Equal(t, []*take{other}, b.pop(9))
}

func TestTakeIsInABatchOnce(t *testing.T) {
	b := newPendingTakes()
	x := takeOf(1, protocol.RetakeMode)
	b.add(x)
	b.queue = append(b.queue, x)
	assert.Equal(t, []*take{x}, b.pop(9))
}

func TestRemovingATakeLeavesALaterOneOfItsFeature(t *testing.T) {
	b := newPendingTakes()
	f := claimOf(1)
	earlier, later := &take{member: f, number: 1}, &take{member: f, number: 2}
	b.add(earlier)
	b.add(later)
	b.remove(earlier)
	assert.Equal(t, []*take{later}, b.all())
}

func TestDelayedTakeIsSentWhenItsTimeHasCome(t *testing.T) {
	b := newPendingTakes()
	soon, late := takeOf(1, protocol.RetakeMode), takeOf(2, protocol.RetakeMode)
	b.add(soon)
	b.add(late)
	b.pop(9)
	soon.inFlight, late.inFlight = false, false
	b.delay(late, at(9*time.Second))
	b.delay(soon, at(3*time.Second))
	require.Equal(t, at(3*time.Second), b.wakeAt())
	b.resume(at(2 * time.Second))
	require.Empty(t, b.pop(9))
	b.resume(at(3 * time.Second))
	assert.Equal(t, []*take{soon}, b.pop(9))
	assert.Equal(t, at(9*time.Second), b.wakeAt())
}

func TestTimeOfATakeRunsFromItsFirstSending(t *testing.T) {
	b := newPendingTakes()
	x := takeOf(1, protocol.RoundMode)
	b.add(x)
	require.Zero(t, b.wakeAt())
	b.start(at(time.Second), x)
	b.start(at(4*time.Second), x)
	assert.Equal(t, at(6*time.Second), b.wakeAt())
}

func TestRetakeHasNoTimeLimit(t *testing.T) {
	b := newPendingTakes()
	b.add(takeOf(1, protocol.RetakeMode))
	b.startAll(at(time.Second))
	assert.Zero(t, b.wakeAt())
	assert.Empty(t, b.overdue(at(time.Hour)))
}

func TestOverdueTakesAreThoseWhoseTimeIsOver(t *testing.T) {
	b := newPendingTakes()
	early, late := takeOf(1, protocol.FirstMode), takeOf(2, protocol.FirstMode)
	b.add(early)
	b.add(late)
	b.start(at(1*time.Second), early)
	b.start(at(3*time.Second), late)
	require.Empty(t, b.overdue(at(5*time.Second)))
	assert.Equal(t, []*take{early}, b.overdue(at(6*time.Second)))
	assert.Equal(t, at(8*time.Second), b.wakeAt(), "the other one is still looked at")
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
		b := newPendingTakes()
		b.add(c.take)
		assert.Equal(t, c.want, b.repeated(c.automatic), c.name)
	}
}

// TestNoTakeIsForgotten does anything to the pending takes: each take that is not cancelled is queued, delayed or in
// flight.
func TestNoTakeIsForgotten(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b, now, inFlight := newPendingTakes(), time.Second, []*take(nil)
		rt.Repeat(map[string]func(*rapid.T){
			"": func(rt *rapid.T) {
				for _, x := range b.all() {
					waits := x.inFlight
					for _, y := range append(b.queue, b.delayed...) {
						waits = waits || x == y
					}
					require.True(rt, waits, "a take is neither queued nor delayed nor in flight")
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
					require.False(rt, x.cancelled, "a cancelled take is sent")
					require.NotContains(rt, inFlight, x, "a take is sent twice at a time")
					inFlight = append(inFlight, x)
				}
			},
			"no answer": func(rt *rapid.T) {
				for _, x := range inFlight {
					x.inFlight = false
					if !x.cancelled {
						b.delay(x, at(now+time.Duration(rapid.IntRange(0, 5).Draw(rt, "seconds"))*time.Second))
					}
				}
				inFlight = nil
			},
			"time": func(rt *rapid.T) {
				now += time.Duration(rapid.IntRange(1, 4).Draw(rt, "seconds")) * time.Second
				b.resume(at(now))
				for _, x := range b.delayed {
					require.True(rt, at(now).Before(x.notBefore), "a take is delayed longer than it should be")
				}
			},
		})
	})
}
