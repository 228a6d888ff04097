package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/seatbeat/seatbeat/examples/measure/internal/role"
)

// Roles of this program.
const (
	roleServer = "server"
	roleClient = "client"
)

// setup is the setup of both roles.
type setup struct {
	Contender string
	Folder    string // of certificates and ledger
	Address   string // of the server
	Interval  time.Duration
	Callers   int
}

// order tells a process what to do.
type order struct {
	Do       string // one of the orders below
	Features int
	For      time.Duration // how long, or how long at most
}

// Orders. A server answers each of them as if it were doCount.
const (
	doCount     = "count"     // report what the process has used up to now
	doHold      = "hold"      // hold Features within For, and report the memory
	doCheckouts = "checkouts" // take and return seats for For
	doMark      = "mark"      // forget which features are held
	doRecover   = "recover"   // wait until all features are held again, at most For
)

// report answers an order.
type report struct {
	CPU   time.Duration `json:",omitempty"` // used by the process
	Bytes int64         `json:",omitempty"` // on the wire, both ways; 0 from the side that does not count them
	Beats int64         `json:",omitempty"` // acknowledged heartbeats, one for each lease

	Memory int64 `json:",omitempty"` // heap and stack, without what was used before

	PerSecond float64       `json:",omitempty"`
	P50, P99  time.Duration `json:",omitempty"`
}

// roles are those of package role.
var roles = map[string]role.Role{roleServer: serverRole, roleClient: newClientRole}

// serverRole starts the server of a contender.
func serverRole(text json.RawMessage) (answer func(json.RawMessage) (any, error), end func() error, err error) {
	s, c, err := readSetup(text)
	if err != nil {
		return nil, nil, err
	}
	count, end, err := c.serve(s)
	if err != nil {
		return nil, nil, fmt.Errorf("serve: %w", err)
	}
	answer = func(json.RawMessage) (any, error) { return report{CPU: cpuTime(), Bytes: count()}, nil }
	return answer, end, nil
}

func readSetup(text json.RawMessage) (s setup, c *contender, err error) {
	if err := json.Unmarshal(text, &s); err != nil {
		return s, nil, fmt.Errorf("read setup: %w", err)
	}
	if c = contenderOf(s.Contender); c == nil {
		return s, nil, fmt.Errorf("there is no contender %q", s.Contender)
	}
	return s, c, nil
}

// inUse returns the heap and stack in use after a garbage collection. Free memory goes back to the system at once.
// Otherwise the Go runtime returns it over time, which took more than half of the processor time of 100,000 heartbeats.
func inUse() int64 {
	runtime.GC()
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}
