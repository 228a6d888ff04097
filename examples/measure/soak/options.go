//go:build unix

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

const help = `soak holds features for a long time while their licence server is paused, restarted and killed at random, and checks in
the end that nothing has leaked.

  go run ./examples/measure/soak                  10 minutes, 10,000 features, 10 client processes
  go run ./examples/measure/soak -duration 1h     the same for an hour

Flags:
  -duration d          how long the server is disturbed, 10m when left out
  -features n          features that are held, and seats of the server; 10000 when left out
  -clients n           client processes, 10 when left out
  -client-timeout d    how long a lease lives without a heartbeat, 10s when left out; the interval is a third of it
  -seed n              repeats what happens to the server; random when left out
  -help                this text

Status: 0 nothing leaked, 1 something leaked or the soak could not be done, 2 the flags are wrong.
`

// Bounds of the flags.
const (
	maxDuration = 24 * time.Hour
	maxFeatures = 1_000_000
	maxClients  = 100
	minTimeout  = 300 * time.Millisecond
	maxTimeout  = 5 * time.Minute
)

// options is what the command line says.
type options struct {
	duration, clientTimeout time.Duration
	features, clients       int
	seed                    uint64
}

// parse reads the command line. The error is flag.ErrHelp, or lists all faults: each names its flag and what it must be.
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
	var faults []error
	if flags.NArg() > 0 {
		faults = append(faults, fmt.Errorf("%q is not a flag: all arguments are flags", flags.Arg(0)))
	}
	if o.duration <= 0 || o.duration > maxDuration {
		faults = append(faults, fmt.Errorf("-duration is %s: must be more than 0 and at most %s", o.duration, maxDuration))
	}
	if o.clients < 1 || o.clients > maxClients {
		faults = append(faults, fmt.Errorf("-clients is %d: must be 1 to %d", o.clients, maxClients))
	}
	if o.features < o.clients || o.features > maxFeatures {
		faults = append(faults, fmt.Errorf("-features is %d: must be at least one for each client and at most %d", o.features, maxFeatures))
	}
	if t := o.clientTimeout; t < minTimeout || t > maxTimeout || t%time.Millisecond != 0 {
		faults = append(faults, fmt.Errorf("-client-timeout is %s: must be %s to %s in whole milliseconds", t, minTimeout, maxTimeout))
	}
	return o, errors.Join(faults...)
}
