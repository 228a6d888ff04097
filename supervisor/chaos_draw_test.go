package supervisor

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"
)

// drawing draws a random script. What is drawn first is the simplest, so that rapid shrinks towards it.
type drawing struct {
	t        *rapid.T
	servers  []string
	address  []string // all of them
	features []string
	lines    []string
}

const (
	mostServers  = 3
	mostFeatures = 6
	mostSteps    = 40
)

// drawScript is the generator of scripts.
func drawScript(t *rapid.T) string {
	d := &drawing{t: t}
	d.world()
	steps := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
		return (&drawing{t: t, servers: d.servers, address: d.address, features: d.features}).step()
	}), 1, mostSteps).Draw(t, "steps")
	return strings.Join(append(d.lines, steps...), "\n") + "\n"
}

func (d *drawing) add(format string, args ...any) {
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

// one draws one of the words.
func (d *drawing) one(words ...string) string { return rapid.SampledFrom(words).Draw(d.t, "word") }

func (d *drawing) number(least, most int) int { return rapid.IntRange(least, most).Draw(d.t, "number") }

// maybe returns the word, or "" more often than not.
func (d *drawing) maybe(word string) string { return d.one("", "", word) }

func (d *drawing) world() {
	d.add("config attempts=%s interval=%s rounds=%d connect=%s seed=%d %s", d.one("2", "3", "1", "4", "0"),
		d.one("1m", "30s", "2m", "10s"), d.number(1, 3), d.one("5s", "1s", "20s"), d.number(1, 1000), d.maybe("enforce"))
	for i := range d.number(1, mostServers) {
		name := fmt.Sprintf("s%d", i+1)
		addresses := d.number(1, 2)
		d.servers = append(d.servers, name)
		for port := range addresses {
			d.address = append(d.address, fmt.Sprintf("%s:%d", name, port+1))
		}
		d.add("server %s addresses=%d timeout=%s", name, addresses, d.one("5m", "2m", "1m"))
	}
	for i := range d.number(1, mostFeatures) {
		name := fmt.Sprintf("f%d", i+1)
		d.features = append(d.features, name)
		d.add("feature %s count=%d version=%s %s %s", name, d.number(1, 3), d.one("1.0", "2.1"), d.maybe("exact"),
			d.one("", "", "", "", "local"))
		for _, s := range d.servers {
			d.add("seats %s %s %s", s, name, d.one("3", "6", "0"))
		}
	}
	for _, f := range d.features {
		d.add("%s", d.one("", "", "# ")+d.checkout(f))
	}
}

func (d *drawing) checkout(f string) string {
	return fmt.Sprintf("checkout %s %s", f, d.one("", "10s", "1s", "1ms"))
}

func (d *drawing) server() string  { return d.one(d.servers...) }
func (d *drawing) feature() string { return d.one(d.features...) }
func (d *drawing) kinds() string {
	return d.one("", "heartbeat", "checkout", "checkin", "connect", "connect heartbeat")
}
func (d *drawing) short() string { return d.one("1ms", "100ms", "1s", "4s", "7s", "20s") }

// step draws one step. About every third lets time pass.
func (d *drawing) step() string {
	families := []func() string{d.pass, d.loss, d.pass, d.network, d.pass, d.server1, d.application, d.seats}
	return families[rapid.IntRange(0, len(families)-1).Draw(d.t, "family")]()
}

func (d *drawing) pass() string {
	return "pass " + d.one("10s", "1ms", "500ms", "3s", "31s", "1m", "2m", "5m")
}

// loss: a server or an address goes, or comes back.
func (d *drawing) loss() string {
	switch d.number(0, 5) {
	case 0, 1:
		return "down " + d.server()
	case 2, 3:
		return "up " + d.server()
	case 4:
		return "cut " + d.one(d.address...)
	default:
		return "mend " + d.one(d.address...)
	}
}

// network: calls are disturbed.
func (d *drawing) network() string {
	s := d.server()
	switch d.number(0, 9) {
	case 0, 1, 2:
		return "clear " + s
	case 3:
		return fmt.Sprintf("delay %s %s %s", s, d.short(), d.kinds())
	case 4:
		return fmt.Sprintf("lag %s %s %s", s, d.short(), d.kinds())
	case 5:
		return fmt.Sprintf("swallow %s %s", s, d.kinds())
	case 6:
		return fmt.Sprintf("drop %s %d %s", s, d.number(1, 3), d.kinds())
	case 7:
		return fmt.Sprintf("duplicate %s %d %s %s", s, d.number(1, 3), d.short(), d.kinds())
	default:
		return fmt.Sprintf("refuse %s %s %s %s", s, d.one("Busy", "Denied", "NoSeats", "Draining"),
			d.one("10s", "0s", "1s", "1m", "5m"), d.kinds())
	}
}

// server1: one server restarts, or forgets.
func (d *drawing) server1() string {
	s := d.server()
	switch d.number(0, 7) {
	case 0, 1, 2:
		return "restart " + s
	case 3, 4:
		return "forget " + s
	case 5:
		return "replace " + s
	case 6:
		return "rollback " + s
	default:
		return fmt.Sprintf("move %s %s", d.one(d.address...), s)
	}
}

// application: the service calls, or its clock is set.
func (d *drawing) application() string {
	f := d.feature()
	switch d.number(0, 10) {
	case 10:
		return d.checkout(f)
	case 0, 1, 2, 3:
		return fmt.Sprintf("heartbeat %s %s", f, d.one("10s", "", "1ms", "1s"))
	case 4, 5:
		return fmt.Sprintf("checkin %s %s", f, d.one("10s", "", "1ms"))
	case 6:
		return "cancel " + f
	case 7:
		return "jump " + d.one("1m", "10s", "-1m", "10m")
	case 8:
		return "rest"
	default:
		return "close " + d.one("10s", "0s", "1ms", "3s")
	}
}

// seats: what the server has, and who holds it.
func (d *drawing) seats() string {
	s, f := d.server(), d.feature()
	switch d.number(0, 9) {
	case 0:
		return fmt.Sprintf("revoke %s %s", s, f)
	case 1, 2:
		return fmt.Sprintf("end %s %s %s", s, f, d.one("Unknown", "Expired", "Replaced", "Returned", "FeatureExpired"))
	case 3, 4:
		return fmt.Sprintf("seats %s %s %s", s, f, d.one("3", "1", "0", "6"))
	case 5:
		return fmt.Sprintf("others %s %s %d", s, f, d.number(1, 3))
	case 6:
		return fmt.Sprintf("putback %s %s %d", s, f, d.number(1, 3))
	case 7:
		return fmt.Sprintf("version %s %s %s", s, f, d.one("9.9", "2.1", "1.0", "0.5"))
	case 8:
		return fmt.Sprintf("timeout %s %s", s, d.one("5m", "1m", "2m"))
	default:
		return fmt.Sprintf("withdraw %s %s", s, f)
	}
}
