package feature

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seatbeat/seatbeat/actors/internal/script"
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// TestFeatureKeepsItsPromisesWhateverHappens feeds a checkout random inputs in random order, stale ones among them, and
// checks what must hold after each.
func TestFeatureKeepsItsPromisesWhateverHappens(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		set := script.DefaultSettings()
		set.FailoverRounds = rapid.IntRange(1, 3).Draw(rt, "rounds")
		set.Attempts = rapid.IntRange(1, 3).Draw(rt, "attempts")
		w := &checker{rt: rt, harness: newHarness(set)}
		w.harness.f.mayWait = rapid.Bool().Draw(rt, "waits")
		w.see(&protocol.Begin{})
		rt.Repeat(map[string]func(*rapid.T){
			"":             func(*rapid.T) { w.checkState() },
			"take":         func(rt *rapid.T) { w.see(w.anyAnswer(rt)) },
			"origin":       func(rt *rapid.T) { w.see(w.anyFromOrigin(rt)) },
			"beat fails":   func(rt *rapid.T) { w.see(beatFails(rapid.IntRange(1, 4).Draw(rt, "failed"))(w.harness)) },
			"lease ends":   func(rt *rapid.T) { w.see(ended(anyReason(rt))(w.harness)) },
			"resumed":      func(*rapid.T) { w.see(resumed(w.harness)) },
			"granted":      func(*rapid.T) { w.see(grant(w.harness)) },
			"silent":       func(*rapid.T) { w.see(silence(w.harness)) },
			"regained":     func(*rapid.T) { w.see(regained(w.harness)) },
			"replaced":     func(rt *rapid.T) { w.see(replaced(anyServer(rt))(w.harness)) },
			"heartbeat":    func(*rapid.T) { w.see(&protocol.HeartbeatNow{Reply: protocol.NewReply()}) },
			"panic":        func(*rapid.T) { w.see(afterPanic(false)(w.harness)) },
			"recalled":     func(rt *rapid.T) { w.see(w.anyHoldings(rt)) },
			"ask again":    func(*rapid.T) { w.see(&protocol.AskAgain{}) },
			"rarely final": func(rt *rapid.T) { w.see(w.anyEnd(rt)) },
		})
	})
}

// checker keeps what a machine published and ordered so far, and checks each effect against it.
type checker struct {
	rt       *rapid.T
	harness  *harness
	pairOpen bool
	granted  bool   // the caller of the checkout has the license
	ended    bool   // Done is closed
	told     bool   // the terminal event was published
	asked    uint32 // the highest take number so far
	released bool   // everything was released
}

// see gives the machine an input and checks its effects, in their order.
func (w *checker) see(in protocol.Input) {
	f := w.harness.f
	before := f.state
	for _, e := range w.harness.step(in) {
		switch e := e.(type) {
		case protocol.Publish:
			w.published(e.Event)
		case End:
			require.False(w.rt, w.ended, "Done is closed once")
			w.ended = true
		case Ready:
			w.granted = true
		case protocol.TakeSeat:
			w.took(e)
		case protocol.Release:
			w.released = e.Except == nil
		}
	}
	if before.Final() {
		assert.Equal(w.rt, before, f.state, "a final state is never left")
	}
}

func (w *checker) published(e messages.Event) {
	require.False(w.rt, w.told, "nothing is published after the terminal event")
	switch e.(type) {
	case messages.RetryingFeature:
		require.False(w.rt, w.pairOpen, "a pair is closed before the next one is opened")
		w.pairOpen = true
	case messages.CheckoutSucceeded, messages.CheckoutFailed:
		require.True(w.rt, w.pairOpen, "only an open pair is closed")
		w.pairOpen = false
	case messages.LicenseLost, messages.CheckedIn:
		require.True(w.rt, w.ended, "Done is closed before %s is told", messages.Name(e))
		require.False(w.rt, w.pairOpen, "%s inside an open pair", messages.Name(e))
		w.told = true
	default:
		require.False(w.rt, w.pairOpen, "%s inside an open pair", messages.Name(e))
	}
}

func (w *checker) took(e protocol.TakeSeat) {
	f := w.harness.f
	require.Greater(w.rt, e.Take, w.asked, "a new take has a number higher than all before")
	w.asked = e.Take
	require.False(w.rt, f.state.Final(), "nothing is asked for in a final state")
	if f.seats.held != 0 {
		require.Equal(w.rt, messages.StateFailingOver, f.state, "seats are asked for while a lease is held")
	}
}

// checkState checks what holds between inputs.
func (w *checker) checkState() {
	f := w.harness.f
	if f.resyncing {
		assert.False(w.rt, w.pairOpen, "a pair is open while it is not known what is held")
		assert.True(w.rt, f.state.Live(), "nothing is asked of a connection in a final state")
		return
	}
	switch f.state {
	case messages.StateHeld, messages.StateReconnecting:
		assert.NotZero(w.rt, f.seats.held, "%s without a lease", f.state)
		assert.Nil(w.rt, f.round, "%s and still in a round", f.state)
	case messages.StateCheckingOut, messages.StateRetaking:
		assert.Zero(w.rt, f.seats.held, "%s with a lease", f.state)
		assert.Equal(w.rt, w.asked, f.seats.take, "%s and no take under way", f.state)
	case messages.StateFailingOver:
		assert.Equal(w.rt, f.round != nil, w.asked == f.seats.take, "a take is under way exactly while a round is")
	default:
		assert.True(w.rt, w.ended, "%s and Done is open", f.state)
		assert.Equal(w.rt, w.granted, w.told, "a license that was granted has one terminal event, another has none")
		assert.True(w.rt, w.released, "%s and not everything is returned", f.state)
		assert.Greater(w.rt, f.seats.take, w.asked, "%s and a take is still wanted", f.state)
	}
	if f.state.Live() && f.state != messages.StateFailingOver {
		assert.Zero(w.rt, f.rounds, "rounds start again whenever FailingOver is left")
	}
	assert.Equal(w.rt, w.pairOpen, f.state == messages.StateRetaking, "a pair is open exactly while retaking")
	assert.Equal(w.rt, w.ended, f.state.Final(), "Done is closed exactly in final states")
}

// anyAnswer answers the latest take or one before.
func (w *checker) anyAnswer(rt *rapid.T) protocol.Input {
	take := w.asked - min(w.asked, rapid.Uint32Range(0, 2).Draw(rt, "takes ago"))
	ref := w.harness.connection(anyServer(rt))
	switch rapid.IntRange(0, 3).Draw(rt, "answer") {
	case 0:
		return &protocol.SeatGranted{Take: take, Connection: ref, Server: ref.Server(), Local: rapid.Bool().Draw(rt, "local")}
	case 1:
		return &protocol.SeatRefused{Take: take, Server: ref.Server(), Reason: messages.NoSeats}
	default:
		return &protocol.SeatUnanswered{Take: take, Server: ref.Server(), Reached: rapid.Bool().Draw(rt, "reached")}
	}
}

// anyFromOrigin is an input about the origin or about another connection.
func (w *checker) anyFromOrigin(rt *rapid.T) protocol.Input {
	ref := w.harness.connection(anyServer(rt))
	return rapid.SampledFrom([]protocol.Input{
		&protocol.HeartbeatFailed{Connection: ref, Failed: 3, Others: w.harness.others()}, &protocol.LeaseResumed{Connection: ref},
		&protocol.LeaseEnded{Connection: ref, Reason: anyReason(rt)}, &protocol.ServerRegained{Connection: ref},
		&protocol.OriginReplaced{Connection: ref, By: w.harness.connection(anyServer(rt))},
	}).Draw(rt, "input")
}

// anyEnd ends the checkout, but seldom, so that most checkouts live long enough.
func (w *checker) anyEnd(rt *rapid.T) protocol.Input {
	return rapid.SampledFrom([]protocol.Input{
		&protocol.ServerRegained{}, &protocol.ServerRegained{}, &protocol.ServerRegained{}, &protocol.ServerRegained{}, &protocol.ServerRegained{}, &protocol.ServerRegained{},
		&protocol.Checkin{Reply: protocol.NewReply()}, &protocol.Closed{}, &protocol.Cancelled{Err: messages.ErrClosed}, timedOut(w.harness),
		&protocol.DownLimit{Err: &messages.UnavailableError{}}, &protocol.RestartsUsedUp{Connection: w.harness.f.seats.origin},
	}).Draw(rt, "end")
}

// anyHoldings is what the origin may know of the checkout: no lease, or a lease from one of its takes.
func (w *checker) anyHoldings(rt *rapid.T) protocol.Input {
	held := rapid.SampledFrom([]uint32{0, w.asked}).Draw(rt, "held")
	return holdings(held, rapid.IntRange(0, 4).Draw(rt, "failed"))(w.harness)
}

func anyServer(rt *rapid.T) messages.Address {
	return rapid.SampledFrom([]messages.Address{"S1", "S2", "S3", "S9"}).Draw(rt, "server")
}

func anyReason(rt *rapid.T) messages.Reason {
	return rapid.SampledFrom([]messages.Reason{
		messages.Unknown, messages.Expired, messages.Replaced, messages.Revoked,
	}).Draw(rt, "reason")
}
