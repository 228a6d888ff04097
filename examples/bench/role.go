package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"
	"time"
)

// Roles that this program takes in a process of its own.
const (
	roleFlag   = "-role"
	roleServer = "server"
	roleClient = "client"
)

// setup is what a process with a role has to know. It is passed as an argument, in JSON.
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
	Error string `json:",omitempty"`

	CPU   time.Duration `json:",omitempty"` // used by the process
	Bytes int64         `json:",omitempty"` // on its connections, both ways; a side that cannot tell leaves it to the other
	Beats int64         `json:",omitempty"` // leases beaten, and acknowledged

	Memory int64 `json:",omitempty"` // heap and stack more than before

	PerSecond float64       `json:",omitempty"`
	P50, P99  time.Duration `json:",omitempty"`
}

func isRole(args []string) bool { return len(args) > 1 && args[1] == roleFlag }

// runRole is the whole life of a process with a role: it answers orders from standard input until that ends.
func runRole(args []string) int {
	if err := play(args, os.Stdin, os.Stdout); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func play(args []string, in io.Reader, out io.Writer) (err error) {
	var s setup
	if len(args) != 2 {
		return errors.New("a role takes its name and its setup")
	}
	if err := json.Unmarshal([]byte(args[1]), &s); err != nil {
		return fmt.Errorf("read setup: %w", err)
	}
	c := contenderOf(s.Contender)
	if c == nil {
		return fmt.Errorf("there is no contender %q", s.Contender)
	}
	if args[0] == roleClient {
		client := &clientRole{contender: c, setup: s}
		defer client.close()
		return answer(in, out, client.do)
	}
	count, stop, err := c.serve(s)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	defer func() { err = errors.Join(err, stop()) }()
	return answer(in, out, func(order) (report, error) { return report{CPU: cpuTime(), Bytes: count()}, nil })
}

// answer says that the process is ready, and then does what it is ordered to.
func answer(in io.Reader, out io.Writer, do func(order) (report, error)) error {
	orders, reports := json.NewDecoder(in), json.NewEncoder(out)
	if err := reports.Encode(report{}); err != nil {
		return err
	}
	for {
		var o order
		if err := orders.Decode(&o); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		r, err := do(o)
		if err != nil {
			r.Error = err.Error()
		}
		if err := reports.Encode(r); err != nil {
			return err
		}
	}
}

// cpuTime is the processor time that the process has used, as the operating system counts it.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// inUse is heap and stack in use after a collection.
func inUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}
