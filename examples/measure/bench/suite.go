package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/examples/measure/internal/figures"
)

// cell is one contender with one number of features.
type cell struct {
	contender string
	features  int
}

func (c cell) String() string {
	return fmt.Sprintf("%s with %s features", c.contender, figures.Grouped(c.features))
}

// table is what a run measured.
type table struct {
	Command string
	plan    plan
	began   time.Time
	values  map[cell]map[string][]float64 // by metric, one of each repetition
	left    []string                      // what is left out, and why
}

// errTimeUp ends a run whose budget is used up.
var errTimeUp = errors.New("the time was up")

// measure runs every trial of a plan: all of them once, then all again, so that what the machine does meanwhile hits all
// alike. What fails is left out and told, and a trial of which nothing was measured is not made again. The error is that
// ctx ended.
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

// try runs one trial, and reports whether any of it was measured.
func (t *table) try(ctx context.Context, c cell, repetition int, tell *log.Logger) bool {
	begin := time.Now()
	trial := trial{plan: t.plan, contender: c.contender, features: c.features}
	values, err := trial.run(ctx)
	if ctx.Err() != nil {
		err = context.Cause(ctx) // which had the processes killed
	}
	for name, value := range values {
		if t.values[c] == nil {
			t.values[c] = make(map[string][]float64)
		}
		t.values[c][name] = append(t.values[c][name], value)
	}
	tell.Printf("    %s; took %s", summary(values), time.Since(begin).Round(time.Second))
	if err != nil {
		text := fmt.Sprintf("%s, repetition %d: %v", c, repetition, err)
		t.left = append(t.left, text)
		tell.Printf("left out: %s", text)
	}
	return len(values) > 0
}

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

// row is one figure.
type row struct {
	Contender string  `json:"contender"`
	Features  int     `json:"features"`
	Metric    string  `json:"metric"`
	Unit      string  `json:"unit"`
	Median    float64 `json:"median"`
	Min       float64 `json:"min"`
	Max       float64 `json:"max"`
}

// rows are in the order of metrics, contenders and sizes.
func (t *table) rows() []row {
	rows := []row{}
	for _, m := range metrics {
		for _, contender := range names() {
			for _, n := range t.plan.sizes {
				values := slices.Sorted(slices.Values(t.values[cell{contender, n}][m.name]))
				if len(values) > 0 {
					rows = append(rows, row{contender, n, m.name, m.unit, median(values), values[0], values[len(values)-1]})
				}
			}
		}
	}
	return rows
}

// median is that of sorted values, at least one.
func median(sorted []float64) float64 {
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}
