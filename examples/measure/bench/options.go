package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

const help = `bench compares ways to hold many licences at once: seatbeat, by-hand (a goroutine, a ticker and a call per feature)
and etcd (a lease per feature). Run it in its folder, examples/measure/bench, on a machine that does nothing else:

  go run . -quick          two sizes, once each; within 2 minutes
  go run .                 four sizes, twice each; within 30 minutes
  go run . -quick -json    the same as JSON, alone on standard output; progress goes to standard error

Flags:
  -quick                 fewer features, shorter, once
  -json                  print JSON instead of a table: an array of rows
  -json-file file        also write the JSON to a file
  -markdown-file file    also write the table to a file
  -against file          compare the ratios with those of an earlier run, whose -json-file this is, and end with status 1 if
                         one differs by more than the spread of its metric; full.json is the run of docs/performance.md
  -contenders a,b        measure only these: seatbeat, by-hand, etcd
  -features n,n          measure these numbers of features
  -repetitions n         how often to measure each, in new processes each time, 1 to 100
  -interval d            pause between two heartbeats of a feature, whole seconds from 1s to 10m; 20s, or 2s with -quick,
                         when left out. With less than 20s, two cores cannot keep 100,000 features by hand
  -window d              how long heartbeats are counted, from the interval to 1h; 20s, or 4s with -quick, or the interval
                         if that is longer, when left out
  -help                  this text

Status: 0 measured, 1 not measured or -against failed, 2 the flags are wrong.
`

// Bounds of the flags.
const (
	maxFeatures    = 2_000_000
	maxRepetitions = 100
	maxInterval    = 10 * time.Minute
	maxWindow      = time.Hour
)

// options is what the command line says.
type options struct {
	plan                   plan
	json                   bool
	jsonFile, markdownFile string
	against                string // file of an earlier run, or empty
	command                string // the arguments, for the report
}

// parse reads the command line. The error is flag.ErrHelp, or says what is wrong.
func parse(args []string) (options, error) {
	o := options{command: strings.Join(args, " ")}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	quick := flags.Bool("quick", false, "")
	flags.BoolVar(&o.json, "json", false, "")
	flags.StringVar(&o.jsonFile, "json-file", "", "")
	flags.StringVar(&o.markdownFile, "markdown-file", "", "")
	flags.StringVar(&o.against, "against", "", "")
	repetitions := flags.Int("repetitions", 0, "")
	var only []string
	var sizes []int
	flags.Func("contenders", "", func(text string) (err error) {
		only, err = parseContenders(text)
		return err
	})
	flags.Func("features", "", func(text string) (err error) {
		sizes, err = parseSizes(text)
		return err
	})
	interval := flags.Duration("interval", 0, "")
	window := flags.Duration("window", 0, "")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if flags.NArg() > 0 {
		return options{}, fmt.Errorf("%q is not a flag: all arguments are flags", flags.Arg(0))
	}
	if *repetitions < 0 || *repetitions > maxRepetitions {
		return options{}, fmt.Errorf("-repetitions is %d: must be 1 to %d", *repetitions, maxRepetitions)
	}
	o.plan = fullRun
	if *quick {
		o.plan = quickRun
	}
	o.plan.choose(only, sizes, *repetitions)
	return o, o.plan.pace(*interval, *window)
}

func parseContenders(list string) (names []string, err error) {
	for name := range strings.SplitSeq(list, ",") {
		if contenderOf(name) == nil || slices.Contains(names, name) {
			return nil, fmt.Errorf("%q is unknown or named twice: must be seatbeat, by-hand and etcd, with commas between", name)
		}
		names = append(names, name)
	}
	return names, nil
}

func parseSizes(list string) (sizes []int, err error) {
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxFeatures {
			return nil, fmt.Errorf("%q is not a number from 1 to %d: name one, or several with commas between", text, maxFeatures)
		}
		sizes = append(sizes, n)
	}
	slices.Sort(sizes)
	return slices.Compact(sizes), nil
}
