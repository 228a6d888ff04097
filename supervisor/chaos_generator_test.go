package supervisor

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"

	"pgregory.net/rapid"
)

// generator makes a random script. Only its seed is drawn by rapid, which would favour small and early values and so make
// gentle schedules. A script that fails is made smaller by leaving out lines anyway.
type generator struct {
	rng       *rand.Rand
	automatic bool
	servers   []string
	address   []string // of all servers
	features  []string
	of        map[string]string // by name of a checkout: the checkout whose feature it shares, or its own name
	localOf   map[string]string
	lines     []string
}

const (
	mostServers  = 3
	mostFeatures = 6
	mostScenes   = 40
)

// drawScript returns a random script.
func drawScript(t *rapid.T) string {
	var seed [32]byte
	for i := range 4 {
		binary.LittleEndian.PutUint64(seed[8*i:], rapid.Uint64().Draw(t, "seed"))
	}
	g := &generator{rng: rand.New(rand.NewChaCha8(seed)), of: map[string]string{}, localOf: map[string]string{}}
	g.setup()
	for range g.number(1, mostScenes) {
		g.scene()
	}
	return strings.Join(g.lines, "\n") + "\n"
}

func (g *generator) add(format string, args ...any) {
	g.lines = append(g.lines, strings.TrimSpace(fmt.Sprintf(format, args...)))
}

// pick returns one of the words.
func (g *generator) pick(words ...string) string { return words[g.rng.IntN(len(words))] }

// number returns a number, both ends included.
func (g *generator) number(least, most int) int { return least + g.rng.IntN(most-least+1) }

func (g *generator) setup() {
	attempts := g.pick("0", "1", "2", "2", "3", "3", "4")
	g.automatic = attempts != "0"
	g.add("config attempts=%s interval=%s rounds=%d connect=%s seed=%d %s %s %s", attempts,
		g.pick("1m", "30s", "2m", "10s"), g.number(1, 3), g.pick("5s", "1s", "20s"), g.number(1, 1000), g.pick("", "enforce"),
		g.pick("", "", "limit=2 window=10m", "limit=1", "limit=1 window=5m restarts"), g.pick("", "store"))
	for i := range g.number(1, mostServers) {
		name := fmt.Sprintf("s%d", i+1)
		addresses := g.number(1, 2)
		g.servers = append(g.servers, name)
		for port := range addresses {
			g.address = append(g.address, fmt.Sprintf("%s:%d", name, port+1))
		}
		g.add("server %s addresses=%d timeout=%s", name, addresses, g.pick("5m", "2m", "1m"))
	}
	for i := range g.number(1, mostFeatures) {
		g.claim(fmt.Sprintf("f%d", i+1))
	}
	for _, f := range g.features {
		if g.number(0, 3) > 0 {
			g.checkout(f)
		}
	}
}

// claim adds a checkout of a new feature, or of one that another checkout has too. Often a server has no more seats of it
// than one checkout needs.
func (g *generator) claim(name string) {
	g.of[name] = name
	count, setting, local := g.number(1, 3), "", g.pick("", "", "", "", "", "local")
	if len(g.features) > 0 && g.number(0, 2) == 0 {
		shared := g.of[g.feature()]
		g.of[name], local, setting = shared, g.localOf[shared], "of="+shared
		count = len(g.sharing(name))*3 + count // no two counts are equal
	}
	g.localOf[name] = local
	g.features = append(g.features, name)
	g.add("feature %s count=%d version=%s %s %s %s %s", name, count, g.pick("1.0", "2.1"), g.pick("", "exact"),
		local, g.pick("", "", "wait"), setting)
	for _, s := range g.servers {
		if g.number(0, 2) == 0 {
			g.add("seats %s %s %s", s, name, g.pick("3", "6", "0"))
		}
	}
}

func (g *generator) server() string  { return g.pick(g.servers...) }
func (g *generator) feature() string { return g.pick(g.features...) }
func (g *generator) kinds() string {
	return g.pick("", "heartbeat", "checkout", "checkin", "connect", "connect heartbeat", "checkout checkin")
}

// scene adds one step, or several that make sense together. After half of the scenes some time passes.
func (g *generator) scene() {
	scenes := []func(){
		g.loss, g.outage, g.network, g.network, g.restart, g.restart, g.application, g.application, g.seats, g.seats,
		g.upheaval, g.slowTake, g.repair, g.queue, g.queue, g.absence,
	}
	scenes[g.rng.IntN(len(scenes))]()
	if g.number(0, 1) == 0 {
		g.pass()
	}
}

func (g *generator) pass() {
	g.add("pass %s", g.pick("1ms", "500ms", "3s", "6s", "10s", "31s", "1m", "2m", "5m"))
}

func (g *generator) moment() { g.add("pass %s", g.pick("1ms", "500ms", "3s", "6s", "21s")) }
