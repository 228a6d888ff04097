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
		w := &witness{rt: rt, trial: newTrial(set)}
		w.trial.f.mayWait = rapid.Bool().Draw(rt, "waits")
		w.see(&protocol.Begin{})
		rt.Repeat(map[string]func(*rapid.T){
			"":             func(*rapid.T) { w.checkState() },
			"take":         func(rt *rapid.T) { w.see(w.anyAnswer(rt)) },
			"origin":       func(rt *rapid.T) { w.see(w.anyWordOfAnOrigin(rt)) },
			"beat fails":   func(rt *rapid.T) { w.see(beatFails(rapid.IntRange(1, 4).Draw(rt, "failed"))(w.trial)) },
			"lease ends":   func(rt *rapid.T) { w.see(ended(anyReason(rt))(w.trial)) },
			"resumed":      func(*rapid.T) { w.see(resumed(w.trial)) },
			"granted":      func(*rapid.T) { w.see(grant(w.trial)) },
			"silent":       func(*rapid.T) { w.see(silence(w.trial)) },
			"regained":     func(*rapid.T) { w.see(regained(w.trial)) },
			"replaced":     func(rt *rapid.T) { w.see(replaced(anyServer(rt))(w.trial)) },
			"heartbeat":    func(*rapid.T) { w.see(&protocol.HeartbeatNow{Reply: protocol.NewReply()}) },
			"panic":        func(*rapid.T) { w.see(reborn(false)(w.trial)) },
			"recalled":     func(rt *rapid.T) { w.see(w.anyMemory(rt)) },
			"ask again":    func(*rapid.T) { w.see(&protocol.AskAgain{}) },
			"rarely final": func(rt *rapid.T) { w.see(w.anyEnd(rt)) },
		})
	})
}

// witness watches a checkout: what it published, ordered and promised so far.
type witness struct {
	rt       *rapid.T
	trial    *trial
	pairOpen bool
	granted  bool   // the caller of the checkout has the license
	ended    bool   // Done is closed
	told     bool   // the terminal event was published
	asked    uint32 // the highest take number so far
	left     bool   // everything is to be returned
}

// see gives the machine an input and checks its effects, in their order.
func (w *witness) see(in protocol.Input) {
	f := w.trial.f
	before := f.state
	for _, e := range w.trial.step(in) {
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
			w.left = e.Except == nil
		}
	}
	if before.Final() {
		assert.Equal(w.rt, before, f.state, "a final state is never left")
	}
}

func (w *witness) published(e messages.Event) {
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

func (w *witness) took(e protocol.TakeSeat) {
	f := w.trial.f
	require.Greater(w.rt, e.Take, w.asked, "a new take has a number higher than all before")
	w.asked = e.Take
	require.False(w.rt, f.state.Final(), "nothing is asked for in a final state")
	if f.held != 0 {
		require.Equal(w.rt, messages.StateFailingOver, f.state, "seats are asked for while a lease is held")
	}
}

// checkState checks what holds between inputs.
func (w *witness) checkState() {
	f := w.trial.f
	if f.resyncing {
		assert.False(w.rt, w.pairOpen, "a pair is open while it is not known what is held")
		assert.True(w.rt, f.state.Live(), "nothing is asked of a connection in a final state")
		return
	}
	switch f.state {
	case messages.StateHeld, messages.StateReconnecting:
		assert.NotZero(w.rt, f.held, "%s without a lease", f.state)
		assert.Nil(w.rt, f.round, "%s and still sweeping", f.state)
	case messages.StateCheckingOut, messages.StateRetaking:
		assert.Zero(w.rt, f.held, "%s with a lease", f.state)
		assert.Equal(w.rt, w.asked, f.take, "%s and no take under way", f.state)
	case messages.StateFailingOver:
		assert.Equal(w.rt, f.round != nil, w.asked == f.take, "a take is under way exactly while a sweep is")
	default:
		assert.True(w.rt, w.ended, "%s and Done is open", f.state)
		assert.Equal(w.rt, w.granted, w.told, "a license that was granted has one terminal event, another has none")
		assert.True(w.rt, w.left, "%s and not everything is returned", f.state)
		assert.Greater(w.rt, f.take, w.asked, "%s and a take is still wanted", f.state)
	}
	if f.state.Live() && f.state != messages.StateFailingOver {
		assert.Zero(w.rt, f.rounds, "rounds start again whenever FailingOver is left")
	}
	assert.Equal(w.rt, w.pairOpen, f.state == messages.StateRetaking, "a pair is open exactly while retaking")
	assert.Equal(w.rt, w.ended, f.state.Final(), "Done is closed exactly in final states")
}

// anyAnswer answers the latest take or one before.
func (w *witness) anyAnswer(rt *rapid.T) protocol.Input {
	take := w.asked - min(w.asked, rapid.Uint32Range(0, 2).Draw(rt, "takes ago"))
	link := w.trial.link(anyServer(rt))
	switch rapid.IntRange(0, 3).Draw(rt, "answer") {
	case 0:
		return &protocol.SeatGranted{Take: take, Connection: link, Server: link.Server(), Local: rapid.Bool().Draw(rt, "local")}
	case 1:
		return &protocol.SeatRefused{Take: take, Server: link.Server(), Reason: messages.NoSeats}
	default:
		return &protocol.SeatUnanswered{Take: take, Server: link.Server(), Reached: rapid.Bool().Draw(rt, "reached")}
	}
}

// anyWordOfAnOrigin comes from the origin or from another connection.
func (w *witness) anyWordOfAnOrigin(rt *rapid.T) protocol.Input {
	link := w.trial.link(anyServer(rt))
	return rapid.SampledFrom([]protocol.Input{
		&protocol.HeartbeatFailed{Connection: link, Failed: 3, Others: w.trial.others()}, &protocol.LeaseResumed{Connection: link},
		&protocol.LeaseEnded{Connection: link, Reason: anyReason(rt)}, &protocol.ServerRegained{Connection: link},
		&protocol.OriginReplaced{Connection: link, By: w.trial.link(anyServer(rt))},
	}).Draw(rt, "word")
}

// anyEnd is mostly a word that ends nothing, so that most checkouts live long enough.
func (w *witness) anyEnd(rt *rapid.T) protocol.Input {
	return rapid.SampledFrom([]protocol.Input{
		&protocol.ServerRegained{}, &protocol.ServerRegained{}, &protocol.ServerRegained{}, &protocol.ServerRegained{}, &protocol.ServerRegained{}, &protocol.ServerRegained{},
		&protocol.Checkin{Reply: protocol.NewReply()}, &protocol.Closed{}, &protocol.Cancelled{Err: messages.ErrClosed}, timedOut(w.trial),
		&protocol.DownLimit{Err: &messages.UnavailableError{}}, &protocol.RestartsUsedUp{Connection: w.trial.f.origin},
	}).Draw(rt, "end")
}

// anyMemory is what a connection may know of the checkout: no lease, or one from a take of it.
func (w *witness) anyMemory(rt *rapid.T) protocol.Input {
	held := rapid.SampledFrom([]uint32{0, w.asked}).Draw(rt, "held")
	return recollect(held, rapid.IntRange(0, 4).Draw(rt, "failed"))(w.trial)
}

func anyServer(rt *rapid.T) messages.Address {
	return rapid.SampledFrom([]messages.Address{"S1", "S2", "S3", "S9"}).Draw(rt, "server")
}

func anyReason(rt *rapid.T) messages.Reason {
	return rapid.SampledFrom([]messages.Reason{
		messages.Unknown, messages.Expired, messages.Replaced, messages.Revoked,
	}).Draw(rt, "reason")
}
