package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/seatbeat/seatbeat/examples/measure/internal/role"
)

// Roles that this program takes in a process of its own.
const (
	roleServer = "server"
	roleClient = "client"
)

// setup is what a process with a role has to know.
type setup struct {
	Contender string
	Folder    string // of the certificates, and of what the server keeps
	Address   string // of the server
	Interval  time.Duration
	Callers   int
}

// order is what the suite asks of a process with a role.
type order struct {
	Do       string // one of the words below
	Features int
	For      time.Duration // how long; or how long at most
}

// Orders. A server knows only the first one.
const (
	doCount     = "count"     // tell what was used up to now
	doHold      = "hold"      // hold Features within For, and tell what memory that took
	doCheckouts = "checkouts" // take and return seats for For
	doMark      = "mark"      // from now on count anew which features are held
	doRecover   = "recover"   // wait until all are, at most For
)

// report answers an order.
type report struct {
	CPU   time.Duration `json:",omitempty"` // used by the process
	Bytes int64         `json:",omitempty"` // on its connections, both ways; a side that cannot tell leaves it to the other
	Beats int64         `json:",omitempty"` // leases beaten, and acknowledged

	Memory int64 `json:",omitempty"` // heap and stack more than before

	PerSecond float64       `json:",omitempty"`
	P50, P99  time.Duration `json:",omitempty"`
}

// roles of this program; see package role.
var roles = map[string]role.Role{roleServer: serverRole, roleClient: newClientRole}

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

// cpuTime is the processor time that the process has used, as the operating system counts it.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// inUse is heap and stack in use after a collection. What is free goes back to the system at once: else the runtime does
// that by and by, which was more than half of the processor time of 100,000 beats.
func inUse() int64 {
	runtime.GC()
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}
