package main

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/seatbeat/seatbeat/examples/measure/internal/figures"
)

// repetitions says how the figures of several repetitions are combined.
func repetitions(n int) string {
	if n == 1 {
		return "one repetition, so that there is no spread"
	}
	return fmt.Sprintf("median of %d repetitions, and their range", n)
}

// notes say what is comparable and what is not.
const notes = `
- All contenders use mutual TLS (TLS 1.3) on loopback. Server and client are one process each and share the machine.
  Processor time is all that the process used in the window. It includes idle work, which dominates with few features.
- All contenders write a seat to disk before they grant it. Our server writes all waiting seats in one transaction. etcd
  writes to its log twice: for the lease, and for the key that is the seat. etcd has one member here; a cluster would
  survive the loss of a machine, at a higher cost. No contender writes heartbeats to disk.
- A seat is returned to etcd by revoking its lease. etcd commits its database for each revocation, which bounds its
  checkouts_per_second; held_per_second shows what it grants without that.
- seatbeat sends one heartbeat for all leases of a server, in chunks of 4,096, and takes seats in batches. by-hand and etcd
  send one heartbeat for each lease: by-hand as a call, etcd on a stream for each 1,000 leases, since a single stream falls
  behind while seats are taken. by-hand uses our server, so that it differs from seatbeat by the client alone.
- With few features, by-hand wakes both processes for nearly every call; with many, one wake-up serves several calls.
- 1,024 callers take the features at a time. For etcd it is 128: with more callers it grants no faster, and its
  heartbeats wait behind grants. Heartbeats without an answer are sent again every half second, and 100,000 leases may
  never catch up.
- Heartbeats are counted once a client sends at most twice as many as are due. Before, it repeats those that waited.
- The client of etcd rounds the pause between two heartbeats up to half seconds. Figures are per answered heartbeat.
- by-hand and etcd are measured up to 100,000 features, by default.
- Recovery begins after an outage of one interval, with leases that the server still knows. by-hand waits for its next tick
  after gRPC, with its defaults, has connected again; the others try in between. seatbeat has one connection and draws at
  random when it tries again, after at most half an interval: hence the spread.
`

// summary returns the figures of a trial on one line.
func summary(values map[string]float64) string {
	var parts []string
	for _, m := range metrics {
		if v, ok := values[m.name]; ok {
			parts = append(parts, fmt.Sprintf("%s %s %s", m.name, short(v), m.unit))
		}
	}
	return strings.Join(parts, ", ")
}

// short formats a figure with three significant digits, and commas between thousands.
func short(v float64) string {
	if v == 0 || math.Abs(v) >= 100 {
		return figures.Grouped(v)
	}
	digits := 2 - int(math.Floor(math.Log10(math.Abs(v))))
	return strconv.FormatFloat(v, 'f', digits, 64)
}

// machine returns the name of the processor if the system knows it, and the kind of system.
func machine() string {
	kind := runtime.GOOS + "/" + runtime.GOARCH
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return kind
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value) + ", " + kind
		}
	}
	return kind
}

// etcdVersion returns the version that this program was built with.
func etcdVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "of unknown version"
	}
	for _, m := range info.Deps {
		if m.Path == "go.etcd.io/etcd/server/v3" {
			return strings.TrimPrefix(m.Version, "v")
		}
	}
	return "of unknown version"
}
