package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"slices"
	"time"
)

// plan is what a run measures, and for how long.
type plan struct {
	sizes       []int // numbers of features, ascending
	largest     int   // number of features for contenders other than seatbeat
	contenders  []string
	repetitions int

	interval  time.Duration // between two heartbeats of a feature; in whole seconds, as etcd requires
	settle    time.Duration // pause before heartbeats are counted; repeated while there are too many
	window    time.Duration // in which heartbeats are counted
	checkouts time.Duration // how long checkouts are measured
	callers   int           // that check out at the same time

	hold    time.Duration // time limit until all features are held
	recover time.Duration // time limit until all features are held again
	budget  time.Duration // time limit of the whole run; what is not measured by then is left out
}

// lifetime is how long a lease lives without a heartbeat, in intervals. The client of etcd has this fixed.
const lifetime = 3

// fullRun has the shortest interval that all contenders can keep on two cores. At 8 s, by-hand and etcd cannot keep
// 100,000 features.
var fullRun = plan{
	sizes: []int{1_000, 10_000, 100_000, 1_000_000}, largest: 100_000, contenders: names(), repetitions: 2,
	interval: 20 * time.Second, settle: 3 * time.Second, window: 20 * time.Second,
	checkouts: 4 * time.Second, callers: 128,
	hold: 240 * time.Second, recover: 75 * time.Second, budget: 29 * time.Minute,
}

// quickRun shows within two minutes that everything works.
var quickRun = plan{
	sizes: []int{1_000, 10_000}, largest: 100_000, contenders: names(), repetitions: 1,
	interval: 2 * time.Second, settle: time.Second, window: 4 * time.Second,
	checkouts: time.Second, callers: 128,
	hold: 20 * time.Second, recover: 20 * time.Second, budget: 105 * time.Second,
}

// choose replaces what the command line names. Zero values change nothing.
func (p *plan) choose(contenders []string, sizes []int, repetitions int) {
	if contenders != nil {
		p.contenders = contenders
	}
	if sizes != nil {
		p.sizes, p.largest = sizes, sizes[len(sizes)-1]
	}
	if repetitions != 0 {
		p.repetitions = repetitions
	}
}

// pace replaces the interval and the window. Zero values change nothing.
func (p *plan) pace(interval, window time.Duration) error {
	if interval != 0 {
		if interval < time.Second || interval > maxInterval || interval%time.Second != 0 {
			return fmt.Errorf("-interval is %s: must be whole seconds from 1s to %s", interval, maxInterval)
		}
		slower := max(0, interval-p.interval)
		p.interval, p.window = interval, max(interval, p.window)
		p.hold, p.recover = p.hold+slower, p.recover+slower // by-hand and etcd need a heartbeat of each feature
	}
	if window != 0 {
		if window < p.interval || window > maxWindow {
			return fmt.Errorf("-window is %s: must be from the interval, %s, to %s", window, p.interval, maxWindow)
		}
		p.window = window
	}
	return nil
}

// measures reports whether a contender is measured with this number of features.
func (p *plan) measures(contender string, features int) bool {
	return slices.Contains(p.contenders, contender) && (contender == seatbeatName || features <= p.largest)
}

// cells returns all combinations that are measured.
func (p plan) cells() (all []cell) {
	for _, n := range p.sizes {
		for _, c := range names() {
			if p.measures(c, n) {
				all = append(all, cell{c, n})
			}
		}
	}
	return all
}

// errTimeUp ends a run that has used up its budget.
var errTimeUp = errors.New("the time was up")

// measure runs all trials of a plan once, then all again, so that a slow phase of the machine affects all contenders. A
// trial that fails is left out and reported, and not repeated if nothing of it was measured. An error means that ctx ended.
func (p plan) measure(ctx context.Context, tell *log.Logger) (*table, error) {
	t := &table{plan: p, began: time.Now(), values: make(map[cell]map[string][]float64)}
	limited, cancel := context.WithTimeoutCause(ctx, p.budget, errTimeUp)
	defer cancel()
	hopeless := make(map[cell]bool)
	for n := range p.repetitions {
		for _, c := range p.cells() {
			if hopeless[c] {
				continue
			}
			tell.Printf("repetition %d of %d: %s", n+1, p.repetitions, c)
			hopeless[c] = !t.try(limited, c, n+1, tell)
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
		}
	}
	return t, nil
}
