package supervisor

import (
	"slices"
	"strings"
)

// loss: a server or an address becomes unreachable, or reachable again.
func (g *generator) loss() {
	switch g.number(0, 5) {
	case 0, 1:
		g.add("down %s", g.server())
	case 2, 3:
		g.add("up %s", g.server())
	case 4:
		g.add("cut %s", g.pick(g.address...))
	default:
		g.add("mend %s", g.pick(g.address...))
	}
}

// outage: a server is down for some heartbeats, and may have restarted when it is back.
func (g *generator) outage() {
	s := g.server()
	g.add("down %s", s)
	g.pass()
	g.pass()
	if g.number(0, 2) == 0 {
		g.add("%s %s", g.pick("restart", "forget"), s)
	}
	g.add("up %s", s)
}

func (g *generator) short() string { return g.pick("1ms", "100ms", "1s", "4s", "7s", "20s") }

// network: calls are delayed, lost, repeated or refused.
func (g *generator) network() {
	s := g.server()
	switch g.number(0, 7) {
	case 7:
		g.add("halfopen %s", s)
	case 0:
		g.add("delay %s %s %s", s, g.short(), g.kinds())
	case 1:
		g.add("lag %s %s %s", s, g.short(), g.kinds())
	case 2:
		g.add("swallow %s %s", s, g.kinds())
	case 3:
		g.add("drop %s %d %s", s, g.number(1, 3), g.kinds())
	case 4:
		g.add("duplicate %s %d %s %s", s, g.number(1, 3), g.short(), g.kinds())
	default:
		g.add("refuse %s %s %s %s", s, g.pick("Busy", "Denied", "NoSeats", "Draining"), g.pick("0s", "1s", "10s", "1m", "5m"), g.kinds())
	}
}

func (g *generator) repair() { g.add("clear %s", g.server()) }

// restart: a server restarts, with or without its ledger.
func (g *generator) restart() {
	g.add("%s %s", g.pick("restart", "restart", "forget", "forget", "replace", "rollback"), g.server())
}

// upheaval: a server restarts or changes while calls to it are in flight.
func (g *generator) upheaval() {
	s := g.server()
	g.add("%s %s %s %s", g.pick("delay", "lag"), s, g.short(), g.kinds())
	g.pass()
	if g.number(0, 1) == 0 {
		g.call()
		g.moment()
	}
	g.restart()
	if g.number(0, 2) == 0 {
		g.add("move %s %s", g.pick(g.address...), g.server())
	}
	g.moment()
	if g.number(0, 1) == 0 {
		g.add("clear %s", s)
	}
}

// slowTake: seats are taken again while answers are late or lost, and granted leases end.
func (g *generator) slowTake() {
	s, f := g.server(), g.feature()
	g.add("%s", g.pick("lag "+s+" "+g.short()+" checkout", "drop "+s+" 2 checkout", "delay "+s+" "+g.short()+" checkout"))
	g.ended(s, f)
	g.call()
	g.pass()
	g.ended(s, f)
	g.moment()
}

func (g *generator) ended(s, f string) {
	g.add("end %s %s %s", s, f, g.pick("Unknown", "Expired", "Expired", "Replaced", "Returned", "FeatureExpired"))
}

func (g *generator) checkout(f string) {
	g.add("checkout %s %s", f, g.pick("", "", "10s", "1s", "1ms"))
}

// call: the application calls Heartbeat.
func (g *generator) call() { g.add("heartbeat %s %s", g.feature(), g.pick("10s", "", "1ms", "1s")) }

// application: the service makes calls or misbehaves, actors panic, or the wall clock is set.
func (g *generator) application() {
	f := g.feature()
	switch g.number(0, 20) {
	case 18, 19:
		g.add("host %s %s", g.pick("callback", "listener"), g.pick("slow", "hang", "panic", "exit", "calls", "checkin", "well", g.pick("well", "close")))
	case 20:
		g.add("store %s", g.pick("slow", "fail", "hang", "panic", "exit", "well"))
	case 16, 17:
		g.add("panic %s %d", g.pick("feature", "connection", "connection", "heartbeat", "runtime", "counter"), g.number(1, 6))
	case 0, 1, 2, 3:
		g.checkout(f)
	case 4, 5, 6:
		g.add("checkin %s %s", f, g.pick("10s", "", "1ms"))
	case 7:
		g.add("cancel %s", f)
	case 8:
		g.add("jump %s", g.pick("1m", "10s", "-1m", "10m"))
	case 9:
		g.add("rest")
	case 10:
		if g.number(0, 2) == 0 {
			g.add("close %s", g.pick("10s", "0s", "1ms", "3s"))
		}
	default:
		for range g.number(1, 3) {
			g.call()
		}
	}
}

// seats: the seats of a server change, or their holders.
func (g *generator) seats() {
	s, f := g.server(), g.feature()
	switch g.number(0, 9) {
	case 0:
		g.add("revoke %s %s", s, f)
	case 1, 2, 3:
		g.ended(s, f)
	case 4:
		g.add("seats %s %s %s", s, f, g.pick("3", "1", "0", "6"))
	case 5:
		g.add("others %s %s %d", s, f, g.number(1, 3))
	case 6:
		g.add("putback %s %s %d", s, f, g.number(1, 3))
	case 7:
		g.add("version %s %s %s", s, f, g.pick("9.9", "2.1", "1.0", "0.5"))
	case 8:
		g.add("timeout %s %s", s, g.pick("5m", "1m", "2m"))
	default:
		g.add("withdraw %s %s", s, f)
	}
}

// absence: a server cannot be reached for longer than its client timeout, and restarts meanwhile, so that its leases live. A
// server that is only down frees them in time. When it is back, another one goes.
func (g *generator) absence() {
	s := g.server()
	ports := slices.DeleteFunc(slices.Clone(g.address), func(a string) bool { return !strings.HasPrefix(a, s+":") })
	for _, address := range ports {
		g.add("cut %s", address)
	}
	for range g.number(2, 4) {
		g.add("pass %s", g.pick("1m", "90s", "2m"))
		g.add("restart %s", s)
	}
	for _, address := range ports {
		g.add("mend %s", address)
	}
	g.add("down %s", g.server())
	g.pass()
	g.pass()
}
