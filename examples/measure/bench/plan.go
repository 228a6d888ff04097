package main

import (
	"fmt"
	"slices"
	"time"
)

// plan is what a run measures, and for how long.
type plan struct {
	sizes       []int // numbers of features, ascending
	largest     int   // of contenders other than seatbeat
	contenders  []string
	repetitions int

	interval  time.Duration // between two beats of a feature, the same for all; whole seconds, since etcd counts in those
	settle    time.Duration // after the features are held, until beats are counted; more often while they have not settled
	window    time.Duration // in which beats are counted
	checkouts time.Duration // how long seats are taken and returned
	callers   int           // that do so at a time

	hold    time.Duration // within which the features have to be held
	recover time.Duration // within which they have to be held again
	budget  time.Duration // of the whole run: what is not measured by then is left out
}

// lifetime is how long a lease lives without a beat, in intervals: what etcd's client has fixed.
const lifetime = 3

// fullRun beats as often as all contenders can on two cores: at 8 s, by hand and etcd cannot keep 100,000 features.
var fullRun = plan{
	sizes: []int{1_000, 10_000, 100_000, 1_000_000}, largest: 100_000, contenders: names(), repetitions: 2,
	interval: 20 * time.Second, settle: 3 * time.Second, window: 20 * time.Second,
	checkouts: 4 * time.Second, callers: 128,
	hold: 240 * time.Second, recover: 75 * time.Second, budget: 29 * time.Minute,
}

var quickRun = plan{
	sizes: []int{1_000, 10_000}, largest: 100_000, contenders: names(), repetitions: 1,
	interval: 2 * time.Second, settle: time.Second, window: 4 * time.Second,
	checkouts: time.Second, callers: 128,
	hold: 20 * time.Second, recover: 20 * time.Second, budget: 105 * time.Second,
}

// choose replaces what the command line names.
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

// pace replaces how often features are beaten, and how long that is counted. Zero is what the run has.
func (p *plan) pace(interval, window time.Duration) error {
	if interval != 0 {
		if interval < time.Second || interval > maxInterval || interval%time.Second != 0 {
			return fmt.Errorf("-interval is %s: must be whole seconds from 1s to %s", interval, maxInterval)
		}
		slower := max(0, interval-p.interval)
		p.interval, p.window = interval, max(interval, p.window)
		p.hold, p.recover = p.hold+slower, p.recover+slower // whoever beats one by one needs a turn of each feature
	}
	if window != 0 {
		if window < p.interval || window > maxWindow {
			return fmt.Errorf("-window is %s: must be from the interval, %s, to %s", window, p.interval, maxWindow)
		}
		p.window = window
	}
	return nil
}

// measures reports whether a contender is measured with so many features.
func (p *plan) measures(contender string, features int) bool {
	return slices.Contains(p.contenders, contender) && (contender == seatbeatName || features <= p.largest)
}
