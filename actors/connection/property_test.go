package connection

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// TestConnectionKeepsItsPromisesWhateverHappens gives a connection any inputs in any order, and checks each call that it
// makes.
func TestConnectionKeepsItsPromisesWhateverHappens(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		set := scriptSettings()
		set.EnforceTimeout = rapid.Bool().Draw(rt, "enforce")
		set.CountOutages = rapid.Bool().Draw(rt, "outages")
		w := &checker{
			rt: rt, harness: newHarness(set, "a1"), returned: map[messages.RequestID]bool{}, of: map[messages.RequestID]string{},
			owner: map[messages.LeaseID]messages.RequestID{},
		}
		rt.Repeat(map[string]func(*rapid.T){
			"take":           func(rt *rapid.T) { w.see(w.anyTake(rt)) },
			"release":        func(rt *rapid.T) { w.see(w.anyRelease(rt)) },
			"connect":        func(rt *rapid.T) { w.answer("connect", w.connected) },
			"beat answered":  func(rt *rapid.T) { w.answer("beat", w.beaten) },
			"takes answered": func(rt *rapid.T) { w.answer("checkout", w.taken) },
			"returned":       func(rt *rapid.T) { w.answer("checkin", w.returnsTaken) },
			"confirmed":      func(*rapid.T) { w.confirm() },
			"beat due":       func(*rapid.T) { w.see(&protocol.BeatDue{}) },
			"heartbeat":      func(rt *rapid.T) { w.see(&protocol.BeatOrder{Member: w.anyFeature(rt), Reply: protocol.NewReply()}) },
			"clock":          func(*rapid.T) { w.see(&protocol.ClockJumped{}) },
			"decided":        func(*rapid.T) { w.see(&protocol.OutageDecided{}) },
			"restart":        func(rt *rapid.T) { w.restart(rt) },
			"time":           func(rt *rapid.T) { w.wait(time.Duration(rapid.IntRange(1, 90).Draw(rt, "seconds")) * time.Second) },
		})
	})
}

// checker checks the effects of a connection.
type checker struct {
	rt       *rapid.T
	harness  *harness
	take     uint32
	leases   byte
	returned map[messages.RequestID]bool             // a return was sent: it may not be taken any more
	of       map[messages.RequestID]string           // the takes sent: which feature's
	owner    map[messages.LeaseID]messages.RequestID // what each lease was granted for
}

// see gives the machine an input, checks its effects and lets it be woken for what is due at once.
func (w *checker) see(in any) {
	w.perform(w.harness.c.Step(w.harness.now, in))
}

func (w *checker) perform(effects []protocol.Effect) {
	for _, e := range effects {
		w.harness.perform(e)
		switch e := e.(type) {
		case SendBeat:
			w.checkBeat(e)
		case Checkout:
			w.checkTakes(e)
		case CheckinAll:
			for _, r := range e.Returns {
				w.returned[r.Request] = true
			}
		}
	}
}

func (w *checker) checkBeat(e SendBeat) {
	require.Len(w.rt, w.harness.inFlight["beat"], 1, "two beats at a time")
	for _, lease := range e.Leases {
		require.False(w.rt, w.returned[w.owner[lease]], "a lease is beaten that was returned")
	}
}

func (w *checker) checkTakes(e Checkout) {
	w.checkCalls(e)
	for _, t := range e.Takes {
		require.False(w.rt, w.returned[t.Request], "a request is used again whose cancel was sent")
		require.NotContains(w.rt, t.Replaces, t.Request, "a request replaces itself")
		if feature, known := w.of[t.Request]; known {
			require.Equal(w.rt, feature, t.Feature, "a request is used for another feature")
		}
		w.of[t.Request] = t.Feature
	}
}

// checkCalls: a take that waits has a call of its own, which takes no room of the others.
func (w *checker) checkCalls(e Checkout) {
	others := make(map[transport.Session]int) // on each session: calls on a session that was closed or doubted may not have ended
	for _, call := range w.harness.inFlight["checkout"] {
		if call := call.(Checkout); call.Takes[0].Wait == 0 {
			others[call.Session]++
			require.LessOrEqual(w.rt, others[call.Session], maxBatches, "too many batches at a time")
		}
	}
	for _, t := range e.Takes {
		if t.Wait > 0 {
			require.Len(w.rt, e.Takes, 1, "others are held up by a take that waits")
			require.Greater(w.rt, e.Timeout, t.Wait, "a wait counts as silence of the server")
		}
	}
}

func (w *checker) wait(d time.Duration) {
	until := w.harness.now.After(d)
	for wakes := 0; w.harness.wakeAt != (protocol.Instant{}) && !until.Before(w.harness.wakeAt); wakes++ {
		require.Less(w.rt, wakes, maxWakes, "the connection spins")
		w.harness.now = w.harness.now.After(max(0, w.harness.wakeAt.Mono-w.harness.now.Mono))
		w.harness.wakeAt = protocol.Instant{}
		w.see(&protocol.WakeUp{})
	}
	w.harness.now = until
}

// answer answers the oldest call of a kind, if one is under way.
func (w *checker) answer(kind string, with func(*rapid.T, protocol.Effect) any) {
	list := w.harness.inFlight[kind]
	if len(list) == 0 {
		return
	}
	w.harness.inFlight[kind] = list[1:]
	w.see(with(w.rt, list[0]))
}

func (w *checker) confirm() {
	if w.harness.c.peer.phase == identifying {
		w.see(&protocol.Confirmed{Dialled: w.harness.dialled})
	}
}

// restart restarts the server, sometimes with an older ledger.
func (w *checker) restart(rt *rapid.T) {
	id := &w.harness.hello.Identity
	id.BootID += "+"
	id.Epoch = max(1, id.Epoch+uint64(rapid.SampledFrom([]int{1, 1, 1, 2}).Draw(rt, "epochs")))
	if rapid.IntRange(0, 9).Draw(rt, "ledger") == 0 {
		id.Epoch = max(1, id.Epoch-min(id.Epoch, 3))
	}
}

func (w *checker) anyFeature(rt *rapid.T) *protocol.Member {
	id := rapid.Uint64Range(1, 3).Draw(rt, "feature")
	name := string([]byte{'f', byte('0' + id)})
	if w.harness.features[name] == nil {
		f := claimOf(id)
		f.Claim.Feature, f.Claim.Count = name, 1
		w.harness.features[name] = f
	}
	return w.harness.features[name]
}

func (w *checker) anyTake(rt *rapid.T) any {
	w.take++
	return &protocol.TakeOrder{Member: w.anyFeature(rt), TakeSeat: protocol.TakeSeat{
		Take: w.take, Mode: protocol.TakeMode(rapid.IntRange(0, 3).Draw(rt, "mode")), Began: w.harness.now, Timeout: 5 * time.Second,
	}}
}

func (w *checker) anyRelease(rt *rapid.T) any {
	w.take++
	o := &protocol.ReleaseOrder{Member: w.anyFeature(rt), Release: protocol.Release{UpTo: w.take}}
	if rapid.Bool().Draw(rt, "stays") {
		s, ok := w.harness.c.checkouts.leases.slot(o.Member)
		if o.Except = w.harness.c.ref; ok {
			o.Held = w.harness.c.checkouts.leases.number[s]
		}
	}
	return o
}

// anyFailure is nil, an unreached server, or a refusal.
func (w *checker) anyFailure(rt *rapid.T) error {
	switch rapid.IntRange(0, 7).Draw(rt, "failure") {
	case 0:
		return errors.New("unplugged")
	case 1:
		return &transport.Refusal{Reason: messages.Busy, RetryAfter: 7 * time.Second, Hello: w.harness.hello}
	case 2:
		return &transport.Refusal{Reason: messages.Denied}
	default:
		return nil
	}
}

func (w *checker) connected(rt *rapid.T, e protocol.Effect) any {
	in := &Connected{Seq: e.(Connect).Seq, Address: "a1", Err: w.anyFailure(rt)}
	if in.Err == nil {
		in.Session, in.Hello = w.harness.session("a1"), w.harness.hello
	}
	return in
}

func (w *checker) beaten(rt *rapid.T, e protocol.Effect) any {
	beat := e.(SendBeat)
	chunk := ChunkAnswer{Count: len(beat.Leases), Err: w.anyFailure(rt), Reply: transport.HeartbeatReply{Hello: w.harness.hello}}
	for _, id := range beat.Leases {
		if rapid.IntRange(0, 3).Draw(rt, "ends") == 0 {
			chunk.Reply.Ended = append(chunk.Reply.Ended, transport.Ended{Lease: id, Reason: messages.Expired})
		}
	}
	return &BeatAnswered{Seq: beat.Seq, Chunks: []ChunkAnswer{chunk}}
}

func (w *checker) taken(rt *rapid.T, e protocol.Effect) any {
	call := e.(Checkout)
	in := &TakesAnswered{Seq: call.Seq, Err: w.anyFailure(rt), Reply: transport.CheckoutReply{Hello: w.harness.hello}}
	for _, t := range call.Takes {
		o := transport.Outcome{Request: t.Request, Result: transport.Result(rapid.IntRange(0, 3).Draw(rt, "result")), Reason: messages.Expired}
		if o.Result == transport.Granted {
			w.leases++
			o.Lease = messages.LeaseID{w.leases, 1}
			w.owner[o.Lease] = t.Request
		}
		if rapid.Bool().Draw(rt, "put off") {
			o.RetryAfter = 3 * time.Second
		}
		in.Reply.Outcomes = append(in.Reply.Outcomes, o)
	}
	return in
}

func (w *checker) returnsTaken(rt *rapid.T, e protocol.Effect) any {
	return &ReturnsAnswered{
		Seq: e.(CheckinAll).Seq, Err: w.anyFailure(rt), Reply: transport.CheckinReply{Hello: w.harness.hello},
	}
}
