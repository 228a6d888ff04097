//go:build unix

package main

import (
	"flag"
	"io"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

const help = `soak holds features for a long time while their licence server is restarted, paused and killed at random, and proves
at the end that nothing has leaked.

  go run ./examples/measure/soak                  10 minutes, 10,000 features, 10 client processes
  go run ./examples/measure/soak -duration 1h     the same for an hour

Flags:
  -duration d          how long the server is disturbed, 10m when left out
  -features n          held in all, which is all seats that there are; 10000 when left out
  -clients n           processes that they are held by, 10 when left out
  -client-timeout d    how long a lease lives without a heartbeat, 10s when left out; every third of it is one sent
  -seed n              of what happens to the server; drawn when left out
  -help                this text

Status: 0 nothing leaked, 1 something did or the soak could not be done, 2 the flags are wrong.
`

// Bounds of the flags.
const (
	maxDuration = 24 * time.Hour
	maxFeatures = 1_000_000
	maxClients  = 100
	minTimeout  = 300 * time.Millisecond
	maxTimeout  = 5 * time.Minute
)

// options are what the command line says.
type options struct {
	duration, clientTimeout time.Duration
	features, clients       int
	seed                    uint64
}

// parse reads the command line. The error is flag.ErrHelp, or tells all faults, each naming its flag and what is expected.
func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.DurationVar(&o.duration, "duration", 10*time.Minute, "")
	flags.IntVar(&o.features, "features", 10_000, "")
	flags.IntVar(&o.clients, "clients", 10, "")
	flags.DurationVar(&o.clientTimeout, "client-timeout", 10*time.Second, "")
	flags.Uint64Var(&o.seed, "seed", rand.Uint64N(1_000_000), "")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	var faults messages.Faults
	if flags.NArg() > 0 {
		faults.Add(strconv.Quote(flags.Arg(0)), "is not a flag: all arguments are flags")
	}
	if o.duration <= 0 || o.duration > maxDuration {
		faults.Add("-duration", "is %s: must be more than 0 and at most %s", o.duration, maxDuration)
	}
	if o.clients < 1 || o.clients > maxClients {
		faults.Add("-clients", "is %d: must be 1 to %d", o.clients, maxClients)
	}
	if o.features < o.clients || o.features > maxFeatures {
		faults.Add("-features", "is %d: must be at least one for each client and at most %d", o.features, maxFeatures)
	}
	if t := o.clientTimeout; t < minTimeout || t > maxTimeout || t%time.Millisecond != 0 {
		faults.Add("-client-timeout", "is %s: must be %s to %s in whole milliseconds", t, minTimeout, maxTimeout)
	}
	return o, faults.Err()
}
