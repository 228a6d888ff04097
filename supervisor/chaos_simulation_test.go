package supervisor

import (
	"encoding/binary"
	"fmt"
	"log/slog"
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

// simulation runs one script: it has the servers, the runtime, the application and the checks. Except for report and trace,
// only the goroutine that runs the script uses it.
type simulation struct {
	net            *transporttest.Network
	traffic        *traffic
	invariants     *wiretap.Invariants
	config         Config
	rt             *Runtime
	servers        []*simServer
	checkouts      []*simCheckout
	faults         faultInjector
	callback       hostCode // of the callbacks
	listener       hostCode // of a subscriber
	store          simStore
	events         eventChecker
	longest        time.Duration // the longest client timeout so far
	shortest       time.Duration // the shortest one
	calls          sync.WaitGroup
	openCalls      openCalls    // calls of the application that have not returned
	closed         atomic.Bool  // Close was called
	closeFailed    atomic.Bool  // Close, called by a callback, could not return all seats
	ended          bool         // Close has returned
	disturbedSince time.Time    // since when calls may be lost, late or refused; zero when there are no faults
	returnsLost    bool         // calls were disturbed for so long that a return may have been given up
	addressMoved   bool         // an address led to one server, and later to another
	wallOffset     atomic.Int64 // how far the wall clock was set, in nanoseconds

	violations
}

// simServer is a fake server and its own addresses.
type simServer struct {
	*transporttest.Server
	name      string
	addresses []transport.Address
	timeout   time.Duration
}

// runScript runs a script in a bubble of virtual time and returns the violations; "" when there are none.
func runScript(t *testing.T, script string) (wrong string) {
	defer func() {
		if p := recover(); p != nil && wrong == "" {
			wrong = fmt.Sprint("panic: ", p) // so the bubble reports a goroutine that was left behind
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		defer func() {
			if p := recover(); p != nil {
				wrong = fmt.Sprint("panic: ", p)
			}
		}()
		sim := &simulation{violations: violations{began: time.Now()}, net: transporttest.NewNetwork(), shortest: time.Hour}
		sim.traffic = newTraffic(sim.report, sim.trace)
		sim.invariants = wiretap.NewInvariants(1, sim.report) // a nanosecond: calls of one instant are sent in any order
		sim.events.init(sim)
		sim.callback.sim, sim.listener.sim, sim.store.sim = sim, sim, sim
		sim.run(t, parseScript(script))
		wrong = sim.text()
	})
	return wrong
}

// run makes the setting, runs the steps, and ends every script alike: without faults, at rest, and closed.
func (sim *simulation) run(t *testing.T, lines []line) {
	started := false
	for _, l := range lines {
		sim.beginStep(l.String())
		if setUp := chaosSettings[l.verb]; setUp != nil {
			setUp(sim, l)
			continue
		}
		if !started {
			sim.start(t)
			started = true
		}
		step := chaosSteps[l.verb]
		if step == nil {
			panic("script: no step is called " + l.verb)
		}
		if disturbing[l.verb] && sim.disturbedSince.IsZero() {
			sim.disturbedSince = time.Now()
		}
		sim.addressMoved = sim.addressMoved || l.verb == "move" || l.verb == "replace"
		step(sim, l)
		synctest.Wait()
		sim.checkStep()
	}
	if !started {
		return
	}
	for _, last := range []string{"rest", "close 1m", "rest"} {
		sim.beginStep("at the end: " + last)
		l := parseScript(last)[0]
		chaosSteps[l.verb](sim, l)
		synctest.Wait()
	}
	sim.checkEnd()
	sim.shutDown()
}

func (sim *simulation) start(t *testing.T) {
	for _, s := range sim.servers {
		sim.config.Servers = append(sim.config.Servers, s.addresses[0])
	}
	for _, s := range sim.servers {
		sim.config.Servers = append(sim.config.Servers, s.addresses[1:]...)
	}
	sim.config.Transport = wiretap.New(sim.net, sim.invariants.Observer(), sim.traffic.observer())
	sim.config.OnEvent = sim.events.onEvent
	sim.config.Callbacks = sim.events.callbacks()
	sim.config.wall = func() time.Time { return time.Now().Add(time.Duration(sim.wallOffset.Load())) }
	sim.config.System = newSystem()
	sim.config.Logger = slog.New(panicReporter{slog.DiscardHandler, sim})
	sim.config.fault = sim.faults.fault
	rt, err := Start(t.Context(), sim.config)
	if err != nil {
		panic(fmt.Sprintf("script: %v", err))
	}
	sim.rt = rt
	rt.bus.Subscribe(eventbus.QueueBound, sim.listener.handle)
}

// shutDown ends what is not part of the runtime. Calls that should have ended long ago are violations already.
func (sim *simulation) shutDown() {
	for _, c := range sim.checkouts {
		c.cancel()
	}
	sim.calls.Wait()
	sim.config.System.Shutdown()
	time.Sleep(2 * sim.config.System.Config.DeadLetterThrottleInterval) // the system's throttle of log records has a goroutine
}

// seeds returns a source of seeds, one for each connection, so that a script runs the same way again.
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

func (sim *simulation) server(name string) *simServer {
	for _, s := range sim.servers {
		if s.name == name {
			return s
		}
	}
	panic("script: no server is called " + name)
}

func (sim *simulation) named(name string) *simCheckout {
	for _, c := range sim.checkouts {
		if c.name == name {
			return c
		}
	}
	panic("script: no feature is called " + name)
}

// checkoutOf returns the checkout that an event belongs to.
func (sim *simulation) checkoutOf(about messages.Claim) *simCheckout {
	for _, c := range sim.checkouts {
		if c.key() == (checkoutKey{about.Feature, about.Count}) {
			return c
		}
	}
	sim.report("nobody asked for %s", about)
	return &simCheckout{name: "nobody's"}
}

func (sim *simulation) automatic() bool { return sim.config.Heartbeat.Attempts > 0 }

// interval returns the pause between two heartbeats to a server (docs/rules.md, rule 16).
func (sim *simulation) interval(s *simServer) time.Duration {
	return min(sim.config.settings().Interval, s.timeout/3)
}
