package supervisor

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"

	"pgregory.net/rapid"
)

// drawing draws a random script. rapid draws only the seed: it favours small and early values, which makes gentle
// schedules, and a script is made smaller by its lines anyway.
type drawing struct {
	rng       *rand.Rand
	automatic bool
	servers   []string
	address   []string // all of them
	features  []string
	of        map[string]string // by name of a claim: whose feature it shares, or its own
	localOf   map[string]string
	lines     []string
}

const (
	mostServers  = 3
	mostFeatures = 6
	mostScenes   = 40
)

// drawScript is the generator of scripts.
func drawScript(t *rapid.T) string {
	var seed [32]byte
	for i := range 4 {
		binary.LittleEndian.PutUint64(seed[8*i:], rapid.Uint64().Draw(t, "seed"))
	}
	d := &drawing{rng: rand.New(rand.NewChaCha8(seed)), of: map[string]string{}, localOf: map[string]string{}}
	d.world()
	for range d.number(1, mostScenes) {
		d.scene()
	}
	return strings.Join(d.lines, "\n") + "\n"
}

func (d *drawing) add(format string, args ...any) {
	d.lines = append(d.lines, strings.TrimSpace(fmt.Sprintf(format, args...)))
}

// one draws one of the words.
func (d *drawing) one(words ...string) string { return words[d.rng.IntN(len(words))] }

// number draws a number, both ends included.
func (d *drawing) number(least, most int) int { return least + d.rng.IntN(most-least+1) }

func (d *drawing) world() {
	attempts := d.one("0", "1", "2", "2", "3", "3", "4")
	d.automatic = attempts != "0"
	d.add("config attempts=%s interval=%s rounds=%d connect=%s seed=%d %s %s %s", attempts,
		d.one("1m", "30s", "2m", "10s"), d.number(1, 3), d.one("5s", "1s", "20s"), d.number(1, 1000), d.one("", "enforce"),
		d.one("", "", "limit=2 window=10m", "limit=1", "limit=1 window=5m restarts"), d.one("", "store"))
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
		d.claim(fmt.Sprintf("f%d", i+1))
	}
	for _, f := range d.features {
		if d.number(0, 3) > 0 {
			d.checkout(f)
		}
	}
}

// claim draws one feature, or one that shares the seats of another. Often a server has no more of them than one checkout
// needs.
func (d *drawing) claim(name string) {
	d.of[name] = name
	count, setting, local := d.number(1, 3), "", d.one("", "", "", "", "", "local")
	if len(d.features) > 0 && d.number(0, 2) == 0 {
		shared := d.of[d.feature()]
		d.of[name], local, setting = shared, d.localOf[shared], "of="+shared
		count = len(d.sharing(name))*3 + count // no two of them alike
	}
	d.localOf[name] = local
	d.features = append(d.features, name)
	d.add("feature %s count=%d version=%s %s %s %s %s", name, count, d.one("1.0", "2.1"), d.one("", "exact"),
		local, d.one("", "", "wait"), setting)
	for _, s := range d.servers {
		if d.number(0, 2) == 0 {
			d.add("seats %s %s %s", s, name, d.one("3", "6", "0"))
		}
	}
}

func (d *drawing) server() string  { return d.one(d.servers...) }
func (d *drawing) feature() string { return d.one(d.features...) }
func (d *drawing) kinds() string {
	return d.one("", "heartbeat", "checkout", "checkin", "connect", "connect heartbeat", "checkout checkin")
}

// scene draws one thing that happens, or several that make sense together. Half of them end with some time passing.
func (d *drawing) scene() {
	scenes := []func(){
		d.loss, d.outage, d.network, d.network, d.restart, d.restart, d.application, d.application, d.seats, d.seats,
		d.upheaval, d.slowTake, d.repair, d.line, d.line,
	}
	scenes[d.rng.IntN(len(scenes))]()
	if d.number(0, 1) == 0 {
		d.pass()
	}
}

func (d *drawing) pass() {
	d.add("pass %s", d.one("1ms", "500ms", "3s", "6s", "10s", "31s", "1m", "2m", "5m"))
}

func (d *drawing) moment() { d.add("pass %s", d.one("1ms", "500ms", "3s", "6s", "21s")) }
