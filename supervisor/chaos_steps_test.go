package supervisor

import (
	"context"
	"testing/synctest"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// chaosSettings are the lines that make the setting. They come before the steps.
var chaosSettings = map[string]func(*simulation, line){
	"config":  setConfig,
	"server":  addServer,
	"feature": addFeature,
}

func setConfig(sim *simulation, l line) {
	sim.config.Heartbeat.Attempts = l.parsedNumber(l.setting("attempts", "5"))
	sim.config.Heartbeat.Interval = l.parsedDuration(l.setting("interval", "0s"))
	sim.config.Heartbeat.FailoverRounds = l.parsedNumber(l.setting("rounds", "0"))
	sim.config.ConnectTimeout = l.parsedDuration(l.setting("connect", "0s"))
	sim.config.EnforceTimeout = l.flag("enforce")
	sim.config.DownLimit = DownLimit{
		Max: l.parsedNumber(l.setting("limit", "0")), Window: l.parsedDuration(l.setting("window", "0s")),
	}
	if l.flag("store") {
		sim.config.DownLimit.Store = &sim.store
	}
	if l.flag("restarts") {
		sim.config.DownLimit.Count = CountRestarts
	}
	sim.config.seed = seeds(uint64(l.parsedNumber(l.setting("seed", "1"))))
}

func addServer(sim *simulation, l line) {
	s := &simServer{name: l.word(0)}
	for _, port := range []string{"1", "2", "3"}[:l.parsedNumber(l.setting("addresses", "1"))] {
		s.addresses = append(s.addresses, transport.Address(s.name+":"+port))
	}
	s.Server = sim.net.AddServer(s.addresses[0], nil)
	for _, address := range s.addresses[1:] {
		sim.net.Alias(address, s.Server)
	}
	sim.servers = append(sim.servers, s)
	sim.setTimeout(s, l.parsedDuration(l.setting("timeout", "5m")))
}

func (sim *simulation) setTimeout(s *simServer, d time.Duration) {
	s.timeout = d
	sim.longest = max(sim.longest, d)
	sim.shortest = min(sim.shortest, d)
	s.SetClientTimeout(d)
}

// addFeature gives every server the feature, with the seats that one checkout needs: a second checkout would be refused, or
// wait.
func addFeature(sim *simulation, l line) {
	c := &simCheckout{name: l.word(0), local: l.flag("local"), cancel: func() {}}
	c.order = messages.Checkout{
		Feature: l.setting("of", c.name), Count: l.parsedNumber(l.setting("count", "1")),
		Version: l.parsedVersion(l.setting("version", "1.0")), Exact: l.flag("exact"), Wait: l.flag("wait"),
	}
	for _, s := range sim.servers {
		s.SetSeats(c.order.Feature, max(c.order.Count, sim.mostOf(c.order.Feature)))
		if c.order.Exact {
			s.SetVersion(c.order.Feature, c.order.Version)
		}
		if c.local {
			s.MarkLocal(c.order.Feature)
		}
	}
	sim.checkouts = append(sim.checkouts, c)
}

// mostOf returns the largest count of the checkouts of a feature so far.
func (sim *simulation) mostOf(feature string) (most int) {
	for _, c := range sim.checkouts {
		if c.order.Feature == feature {
			most = max(most, c.order.Count)
		}
	}
	return most
}

// chaosSteps are the steps: first those of the application, then of the servers, the network and the seats.
var chaosSteps = map[string]func(*simulation, line){
	"pass":      func(_ *simulation, l line) { time.Sleep(l.duration(0)) },
	"jump":      func(sim *simulation, l line) { sim.wallOffset.Add(int64(l.duration(0))) },
	"checkout":  func(sim *simulation, l line) { sim.checkout(sim.named(l.word(0)), l.duration(1)) },
	"cancel":    func(sim *simulation, l line) { sim.named(l.word(0)).cancel() },
	"checkin":   func(sim *simulation, l line) { sim.checkin(sim.named(l.word(0)), l.duration(1)) },
	"heartbeat": func(sim *simulation, l line) { sim.heartbeat(sim.named(l.word(0)), l.duration(1)) },
	"panic":     func(sim *simulation, l line) { sim.faults.arm(l.word(0), l.number(1)) },
	"host":      func(sim *simulation, l line) { sim.hosts()[l.word(0)].set(l.word(1)) },
	"store":     func(sim *simulation, l line) { sim.store.set(l.word(0)) },
	"close":     func(sim *simulation, l line) { sim.close(l.duration(0)) },
	"rest":      func(sim *simulation, _ line) { sim.rest() },

	"down":    func(sim *simulation, l line) { sim.server(l.word(0)).Down() },
	"up":      func(sim *simulation, l line) { sim.server(l.word(0)).Up() },
	"restart": func(sim *simulation, l line) { sim.server(l.word(0)).Restart() },
	"forget":  func(sim *simulation, l line) { sim.server(l.word(0)).Forget() },
	"rollback": func(sim *simulation, l line) {
		sim.events.moved() // a late answer with a higher Epoch, from a boot that the runtime never saw, looks newer
		sim.server(l.word(0)).Rollback()
	},
	"replace": func(sim *simulation, l line) { sim.server(l.word(0)).Replace() },

	"cut":      func(sim *simulation, l line) { sim.net.Cut(transport.Address(l.word(0))) },
	"mend":     func(sim *simulation, l line) { sim.net.Heal(transport.Address(l.word(0))) },
	"move":     func(sim *simulation, l line) { sim.move(transport.Address(l.word(0)), sim.server(l.word(1))) },
	"delay":    func(sim *simulation, l line) { sim.server(l.word(0)).Delay(l.duration(1), l.kinds(2)...) },
	"lag":      func(sim *simulation, l line) { sim.server(l.word(0)).DelayReplies(l.duration(1), l.kinds(2)...) },
	"swallow":  func(sim *simulation, l line) { sim.server(l.word(0)).BlackHole(true, l.kinds(1)...) },
	"halfopen": func(sim *simulation, l line) { sim.server(l.word(0)).HalfOpen() },
	"drop":     func(sim *simulation, l line) { sim.server(l.word(0)).DropReplies(l.number(1), l.kinds(2)...) },
	"duplicate": func(sim *simulation, l line) {
		sim.server(l.word(0)).Duplicate(l.number(1), l.duration(2), l.kinds(3)...)
	},
	"refuse": func(sim *simulation, l line) { sim.server(l.word(0)).Refuse(refusal(l), l.kinds(3)...) },
	"clear":  func(sim *simulation, l line) { sim.server(l.word(0)).ClearFaults() },

	"revoke":   func(sim *simulation, l line) { sim.server(l.word(0)).RevokeFeature(sim.feature(l)) },
	"end":      func(sim *simulation, l line) { sim.endLeases(sim.server(l.word(0)), sim.named(l.word(1)), l.reason(2)) },
	"seats":    func(sim *simulation, l line) { sim.server(l.word(0)).SetSeats(sim.feature(l), l.number(2)) },
	"withdraw": func(sim *simulation, l line) { sim.server(l.word(0)).Withdraw(sim.feature(l)) },
	"others":   func(sim *simulation, l line) { sim.server(l.word(0)).Take(sim.feature(l), l.number(2)) },
	"putback":  func(sim *simulation, l line) { sim.server(l.word(0)).PutBack(sim.feature(l), l.number(2)) },
	"version": func(sim *simulation, l line) {
		sim.server(l.word(0)).SetVersion(sim.feature(l), l.parsedVersion(l.word(2)))
	},
	"timeout": func(sim *simulation, l line) { sim.setTimeout(sim.server(l.word(0)), l.duration(1)) },
}

// disturbing are the steps after which a call may not be answered properly.
var disturbing = map[string]bool{
	"down": true, "cut": true, "move": true, "delay": true, "lag": true, "swallow": true, "halfopen": true, "drop": true, "refuse": true,
}

func refusal(l line) *transport.Refusal {
	return &transport.Refusal{Reason: l.reason(1), RetryAfter: l.duration(2)}
}

func (sim *simulation) move(address transport.Address, to *simServer) {
	sim.events.moved()
	sim.net.Alias(address, to.Server)
}

// feature returns the feature of the checkout that a step about a server names.
func (sim *simulation) feature(l line) string { return sim.named(l.word(1)).order.Feature }

func (sim *simulation) endLeases(s *simServer, c *simCheckout, reason messages.Reason) {
	for _, lease := range s.Leases() {
		if keyOf(lease) == c.key() {
			s.End(lease.ID, reason)
		}
	}
}

// close closes the runtime. With a deadline of 0 its context has ended already.
func (sim *simulation) close(deadline time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	sim.closed.Store(true)
	err := sim.rt.Close(ctx)
	synctest.Wait()
	select {
	case <-sim.rt.closed:
	default:
		return // a callback's call of Close is still running
	}
	if sim.ended {
		return
	}
	sim.ended = true
	sim.events.end()
	if sim.faults.panics() > 0 { // an event that excepts a server may have been lost
		for _, s := range sim.servers {
			sim.invariants.MayReplaceAt(s.Identity().ServerID)
		}
	}
	sim.invariants.Close()
	sim.checkClosed(err)
}
