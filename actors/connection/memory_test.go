package connection

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// What a connection must not keep of the features that come and go by the million.

func TestConnectionForgetsTheRetryAfterOfAFeatureThatLeft(t *testing.T) {
	w := newHarness(scriptSettings(), "a1")
	f := w.putOff(t)
	require.NotEmpty(t, w.c.throttle.claims)
	w.step(&protocol.ReleaseOrder{Member: f, Release: protocol.Release{UpTo: 2}})
	assert.Empty(t, w.c.throttle.claims)
}

func TestConnectionForgetsTheRetryAfterOfAFeatureThatIsGranted(t *testing.T) {
	w := newHarness(scriptSettings(), "a1")
	f := w.putOff(t)
	w.wait(20 * time.Second)
	w.step(&protocol.TakeOrder{Member: f, TakeSeat: protocol.TakeSeat{Take: 2, Mode: protocol.FirstMode, Timeout: time.Second}})
	w.step(&TakesAnswered{Seq: w.lastSeq("checkout"), Reply: w.granted(t, "L1")})
	assert.Empty(t, w.c.throttle.claims)
}

func TestTakeNamesTheLatestRequestsOfMany(t *testing.T) {
	w := newHarness(scriptSettings(), "a1")
	f := w.feature(t, "f1")
	var all []messages.RequestID
	for n := range byte(transport.MaxReplaces + 4) {
		all = append(all, requestOf(n+1))
		w.c.checkouts.returns.add(at(0), f.ID(), requestOf(n+1))
	}
	assert.Equal(t, all[4:], w.c.checkouts.earlier(f))
}

func TestStatusShowsTheDeadlineOfTheOldestLease(t *testing.T) {
	w := newHarness(scriptSettings(), "a1")
	w.take(t, "f1", "L1")
	w.wait(time.Minute)
	w.take(t, "f2", "L2")
	assert.Equal(t, time.Time{}.Add(5*time.Minute), w.c.ref.Deadline())
}

func TestStatusShowsNoDeadlineWhenNothingIsHeld(t *testing.T) {
	w := newHarness(scriptSettings(), "a1")
	w.take(t, "f1", "L1")
	w.step(&protocol.ReleaseOrder{Member: w.feature(t, "f1"), Release: protocol.Release{UpTo: 2}})
	assert.Zero(t, w.c.ref.Deadline())
}

// putOff lets the server ask f1 to come back in 20 s.
func (w *harness) putOff(t *testing.T) *protocol.Member {
	t.Helper()
	f := w.feature(t, "f1")
	w.step(&protocol.TakeOrder{Member: f, TakeSeat: protocol.TakeSeat{Take: 1, Mode: protocol.FirstMode, Timeout: time.Second}})
	w.connect(t)
	reply := w.granted(t, "")
	reply.Outcomes[0] = transport.Outcome{
		Request: reply.Outcomes[0].Request, Result: transport.Refused, Reason: messages.Busy, RetryAfter: 20 * time.Second,
	}
	w.step(&TakesAnswered{Seq: w.lastSeq("checkout"), Reply: reply})
	return f
}
