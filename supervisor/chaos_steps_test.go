package supervisor

import (
	"context"
	"testing/synctest"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// chaosSettings are the lines that describe the world; they come before the steps.
var chaosSettings = map[string]func(*world, line){
	"config":  setConfig,
	"server":  addServer,
	"feature": addFeature,
}

func setConfig(w *world, l line) {
	w.config.Heartbeat.Attempts = l.parsedNumber(l.setting("attempts", "5"))
	w.config.Heartbeat.Interval = l.parsedDuration(l.setting("interval", "0s"))
	w.config.Heartbeat.FailoverRounds = l.parsedNumber(l.setting("rounds", "0"))
	w.config.ConnectTimeout = l.parsedDuration(l.setting("connect", "0s"))
	w.config.EnforceTimeout = l.flag("enforce")
	w.config.DownLimit = DownLimit{
		Max: l.parsedNumber(l.setting("limit", "0")), Window: l.parsedDuration(l.setting("window", "0s")),
	}
	if l.flag("store") {
		w.config.DownLimit.Store = &w.store
	}
	if l.flag("restarts") {
		w.config.DownLimit.Count = CountRestarts
	}
	w.config.seed = seeds(uint64(l.parsedNumber(l.setting("seed", "1"))))
}

func addServer(w *world, l line) {
	s := &chaosServer{name: l.word(0)}
	for _, port := range []string{"1", "2", "3"}[:l.parsedNumber(l.setting("addresses", "1"))] {
		s.addresses = append(s.addresses, transport.Address(s.name+":"+port))
	}
	s.Server = w.net.AddServer(s.addresses[0], nil)
	for _, address := range s.addresses[1:] {
		w.net.Alias(address, s.Server)
	}
	w.servers = append(w.servers, s)
	w.setTimeout(s, l.parsedDuration(l.setting("timeout", "5m")))
}

func (w *world) setTimeout(s *chaosServer, d time.Duration) {
	s.timeout = d
	w.longest = max(w.longest, d)
	w.shortest = min(w.shortest, d)
	s.SetClientTimeout(d)
}

// addFeature gives every server the feature, with the seats of one checkout: a second one would be refused, or wait.
func addFeature(w *world, l line) {
	c := &claim{name: l.word(0), local: l.flag("local"), cancel: func() {}}
	c.order = messages.Checkout{
		Feature: l.setting("of", c.name), Count: l.parsedNumber(l.setting("count", "1")),
		Version: l.parsedVersion(l.setting("version", "1.0")), Exact: l.flag("exact"), Wait: l.flag("wait"),
	}
	for _, s := range w.servers {
		s.SetSeats(c.order.Feature, max(c.order.Count, w.mostOf(c.order.Feature)))
		if c.order.Exact {
			s.SetVersion(c.order.Feature, c.order.Version)
		}
		if c.local {
			s.MarkLocal(c.order.Feature)
		}
	}
	w.claims = append(w.claims, c)
}

// mostOf returns the largest count of the claims of a feature so far.
func (w *world) mostOf(feature string) (most int) {
	for _, c := range w.claims {
		if c.order.Feature == feature {
			most = max(most, c.order.Count)
		}
	}
	return most
}

// chaosSteps are what can happen. Those about the application come first, then the servers, the network and the seats.
var chaosSteps = map[string]func(*world, line){
	"pass":      func(_ *world, l line) { time.Sleep(l.duration(0)) },
	"jump":      func(w *world, l line) { w.jumped.Add(int64(l.duration(0))) },
	"checkout":  func(w *world, l line) { w.checkout(w.claim(l.word(0)), l.duration(1)) },
	"cancel":    func(w *world, l line) { w.claim(l.word(0)).cancel() },
	"checkin":   func(w *world, l line) { w.checkin(w.claim(l.word(0)), l.duration(1)) },
	"heartbeat": func(w *world, l line) { w.heartbeat(w.claim(l.word(0)), l.duration(1)) },
	"panic":     func(w *world, l line) { w.saboteur.arm(l.word(0), l.number(1)) },
	"host":      func(w *world, l line) { w.hosts()[l.word(0)].become(l.word(1)) },
	"store":     func(w *world, l line) { w.store.become(l.word(0)) },
	"close":     func(w *world, l line) { w.close(l.duration(0)) },
	"rest":      func(w *world, _ line) { w.rest() },

	"down":    func(w *world, l line) { w.server(l.word(0)).Down() },
	"up":      func(w *world, l line) { w.server(l.word(0)).Up() },
	"restart": func(w *world, l line) { w.server(l.word(0)).Restart() },
	"forget":  func(w *world, l line) { w.server(l.word(0)).Forget() },
	"rollback": func(w *world, l line) {
		w.story.moved() // a late answer with a higher Epoch, of a life nobody met, passes for a newer one
		w.server(l.word(0)).Rollback()
	},
	"replace": func(w *world, l line) { w.server(l.word(0)).Replace() },

	"cut":       func(w *world, l line) { w.net.Cut(transport.Address(l.word(0))) },
	"mend":      func(w *world, l line) { w.net.Heal(transport.Address(l.word(0))) },
	"move":      func(w *world, l line) { w.move(transport.Address(l.word(0)), w.server(l.word(1))) },
	"delay":     func(w *world, l line) { w.server(l.word(0)).Delay(l.duration(1), l.kinds(2)...) },
	"lag":       func(w *world, l line) { w.server(l.word(0)).DelayReplies(l.duration(1), l.kinds(2)...) },
	"swallow":   func(w *world, l line) { w.server(l.word(0)).BlackHole(true, l.kinds(1)...) },
	"drop":      func(w *world, l line) { w.server(l.word(0)).DropReplies(l.number(1), l.kinds(2)...) },
	"duplicate": func(w *world, l line) { w.server(l.word(0)).Duplicate(l.number(1), l.duration(2), l.kinds(3)...) },
	"refuse":    func(w *world, l line) { w.server(l.word(0)).Refuse(refusal(l), l.kinds(3)...) },
	"clear":     func(w *world, l line) { w.server(l.word(0)).ClearFaults() },

	"revoke":   func(w *world, l line) { w.server(l.word(0)).RevokeFeature(w.feature(l)) },
	"end":      func(w *world, l line) { w.endLeases(w.server(l.word(0)), w.claim(l.word(1)), l.reason(2)) },
	"seats":    func(w *world, l line) { w.server(l.word(0)).SetSeats(w.feature(l), l.number(2)) },
	"withdraw": func(w *world, l line) { w.server(l.word(0)).Withdraw(w.feature(l)) },
	"others":   func(w *world, l line) { w.server(l.word(0)).Take(w.feature(l), l.number(2)) },
	"putback":  func(w *world, l line) { w.server(l.word(0)).PutBack(w.feature(l), l.number(2)) },
	"version":  func(w *world, l line) { w.server(l.word(0)).SetVersion(w.feature(l), l.parsedVersion(l.word(2))) },
	"timeout":  func(w *world, l line) { w.setTimeout(w.server(l.word(0)), l.duration(1)) },
}

// disturbing are the steps after which a call may not be answered as it should be.
var disturbing = map[string]bool{
	"down": true, "cut": true, "move": true, "delay": true, "lag": true, "swallow": true, "drop": true, "refuse": true,
}

func refusal(l line) *transport.Refusal {
	return &transport.Refusal{Reason: l.reason(1), RetryAfter: l.duration(2)}
}

func (w *world) move(address transport.Address, to *chaosServer) {
	w.story.moved()
	w.net.Alias(address, to.Server)
}

// feature returns the feature of the claim that a step about a server names.
func (w *world) feature(l line) string { return w.claim(l.word(1)).order.Feature }

func (w *world) endLeases(s *chaosServer, c *claim, reason messages.Reason) {
	for _, lease := range s.Leases() {
		if askedFor(lease) == c.asked() {
			s.End(lease.ID, reason)
		}
	}
}

// close closes the runtime; with 0 its context has ended already. When it is closed nothing is left.
func (w *world) close(deadline time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	w.closed.Store(true)
	err := w.rt.Close(ctx)
	synctest.Wait()
	select {
	case <-w.rt.closed:
	default:
		return // a callback's call of Close is still at it
	}
	if w.ended {
		return
	}
	w.ended = true
	w.story.end()
	w.wire.Close()
	w.checkClosed(err)
}
