package supervisor

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seatbeat/seatbeat/internal/eventbus"
	"github.com/seatbeat/seatbeat/internal/wiretap"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// world is what one script plays in: servers, a runtime, and those who watch both. Only the goroutine that plays the
// script uses it, but for report.
type world struct {
	net       *transporttest.Network
	traffic   *traffic
	wire      *wiretap.Invariants
	config    Config
	rt        *Runtime
	servers   []*chaosServer
	claims    []*claim
	saboteur  saboteur
	callback  misbehaviour // of the callbacks
	listener  misbehaviour // of a subscriber
	store     chaosStore
	story     story
	longest   time.Duration // the longest client timeout so far
	shortest  time.Duration // the shortest one
	calls     sync.WaitGroup
	pending   pending // calls of the application under way
	began     time.Time
	closed    atomic.Bool  // Close was called
	left      atomic.Bool  // Close, called by a callback, could not return everything
	ended     bool         // Close has returned
	disturbed time.Time    // since when calls may have been lost, late or refused; zero when everything is healed
	neglected bool         // that was for so long that a return may have been forgotten
	confused  bool         // an address led to one server and then to another
	jumped    atomic.Int64 // how far the wall clock was set, nanoseconds

	mu     sync.Mutex // guards the fields below
	step   string     // what is being played
	wrongs []string
}

// chaosServer is a fake server and where it belongs.
type chaosServer struct {
	*transporttest.Server
	name      string
	addresses []transport.Address
	timeout   time.Duration
}

// manyWrongs is how many violations are worth reading.
const manyWrongs = 5

// playScript plays a script in a bubble of its own and returns what went wrong, "" when nothing did.
func playScript(t *testing.T, script string) (wrong string) {
	defer func() {
		if p := recover(); p != nil && wrong == "" {
			wrong = fmt.Sprint("panic: ", p) // the bubble's own words for a goroutine that was left behind
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		defer func() {
			if p := recover(); p != nil {
				wrong = fmt.Sprint("panic: ", p)
			}
		}()
		w := &world{began: time.Now(), net: transporttest.NewNetwork(), shortest: time.Hour}
		w.traffic = newTraffic(w.report, w.trace)
		w.wire = wiretap.NewInvariants(1, w.report) // a nanosecond: calls of one instant leave in any order
		w.story.init(w)
		w.callback.w, w.listener.w, w.store.w = w, w, w
		w.play(t, parseScript(script))
		wrong = w.verdict()
	})
	return wrong
}

// report notes a violation. It may be called from any goroutine.
func (w *world) report(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.wrongs) < manyWrongs {
		text := fmt.Sprintf(format, args...)
		w.wrongs = append(w.wrongs, fmt.Sprintf("%s, at %s (%s)", text, time.Since(w.began), w.step))
	}
}

func (w *world) beginStep(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.step = text
	w.trace("-- %s", text)
}

// trace prints what happens, for who wants to understand a failure.
func (w *world) trace(format string, args ...any) {
	if *chaosTrace {
		fmt.Fprintf(os.Stderr, "%12s %s\n", time.Since(w.began), fmt.Sprintf(format, args...))
	}
}

func (w *world) verdict() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := ""
	for _, wrong := range w.wrongs {
		text += wrong + "\n"
	}
	return text
}

// play sets the world up, plays the steps, and ends as every script does: with everything healed and at rest, and closed.
func (w *world) play(t *testing.T, lines []line) {
	started := false
	for _, l := range lines {
		w.beginStep(l.String())
		if setUp := chaosSettings[l.verb]; setUp != nil {
			setUp(w, l)
			continue
		}
		if !started {
			w.start(t)
			started = true
		}
		step := chaosSteps[l.verb]
		if step == nil {
			panic("script: no step is called " + l.verb)
		}
		if disturbing[l.verb] && w.disturbed.IsZero() {
			w.disturbed = time.Now()
		}
		w.confused = w.confused || l.verb == "move" || l.verb == "replace"
		step(w, l)
		synctest.Wait()
		w.checkStep()
	}
	if !started {
		return
	}
	for _, last := range []string{"rest", "close 1m", "rest"} {
		w.beginStep("at the end: " + last)
		l := parseScript(last)[0]
		chaosSteps[l.verb](w, l)
		synctest.Wait()
	}
	w.checkEnd()
	w.tidy()
}

func (w *world) start(t *testing.T) {
	for _, s := range w.servers {
		w.config.Servers = append(w.config.Servers, s.addresses[0])
	}
	for _, s := range w.servers {
		w.config.Servers = append(w.config.Servers, s.addresses[1:]...)
	}
	w.config.Transport = wiretap.New(w.net, w.wire.Observer(), w.traffic.observer())
	w.config.OnEvent = w.story.tell
	w.config.Callbacks = w.story.callbacks()
	w.config.wall = func() time.Time { return time.Now().Add(time.Duration(w.jumped.Load())) }
	w.config.System = newSystem()
	w.config.Logger = slog.New(alarm{slog.DiscardHandler, w})
	w.config.fault = w.saboteur.fault
	rt, err := Start(t.Context(), w.config)
	if err != nil {
		panic(fmt.Sprintf("script: %v", err))
	}
	w.rt = rt
	rt.bus.Subscribe(eventbus.QueueBound, w.listener.handle)
}

// tidy lets what is no part of the runtime end: calls that should have ended long ago are violations already.
func (w *world) tidy() {
	for _, c := range w.claims {
		c.cancel()
	}
	w.calls.Wait()
	w.config.System.Shutdown()
	time.Sleep(2 * w.config.System.Config.DeadLetterThrottleInterval) // its throttle of logs has a goroutine
}

// seeds returns a source of seeds, one for each connection, so that a script replays as it was.
func seeds(seed uint64) func() [32]byte {
	var mu sync.Mutex
	var n uint64
	return func() (s [32]byte) {
		mu.Lock()
		defer mu.Unlock()
		n++
		binary.LittleEndian.PutUint64(s[:8], seed)
		binary.LittleEndian.PutUint64(s[8:], n)
		return s
	}
}

func (w *world) server(name string) *chaosServer {
	for _, s := range w.servers {
		if s.name == name {
			return s
		}
	}
	panic("script: no server is called " + name)
}

func (w *world) claim(name string) *claim {
	for _, c := range w.claims {
		if c.name == name {
			return c
		}
	}
	panic("script: no feature is called " + name)
}

// claimOf returns the claim that an event is about.
func (w *world) claimOf(about messages.Claim) *claim {
	for _, c := range w.claims {
		if c.asked() == (asked{about.Feature, about.Count}) {
			return c
		}
	}
	w.report("nobody asked for %s", about)
	return &claim{name: "nobody's"}
}

func (w *world) automatic() bool { return w.config.Heartbeat.Attempts > 0 }

// interval returns the pause between two beats at a server (rule 16).
func (w *world) interval(s *chaosServer) time.Duration {
	return min(w.config.settings().Interval, s.timeout/3)
}
