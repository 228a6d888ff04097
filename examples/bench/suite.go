package main

import (
	"context"
	"fmt"
	"log"
	"slices"
	"time"
)

// cell is one contender with one number of features.
type cell struct {
	contender string
	features  int
}

// table is what a run measured.
type table struct {
	Command string
	plan    plan
	began   time.Time
	values  map[cell]map[string][]float64 // by metric, one of each repetition
	left    []string                      // what is left out, and why
}

// measure runs every trial of a plan: all of them once, then all again, so that what the machine does meanwhile hits all
// alike. What fails is left out and told. The error is that ctx ended.
func (p plan) measure(ctx context.Context, tell *log.Logger) (*table, error) {
	t := &table{plan: p, began: time.Now(), values: make(map[cell]map[string][]float64)}
	failed := make(map[cell]bool)
	var trials []cell
	for range p.repetitions {
		trials = append(trials, p.cells()...)
	}
	for n, c := range trials {
		label := fmt.Sprintf("%s with %s features", c.contender, grouped(float64(c.features)))
		switch {
		case failed[c]:
			continue
		case time.Since(t.began) > p.budget:
			t.leave(tell, "%s, once: the time was up", label)
			continue
		}
		tell.Printf("%d of %d: %s", n+1, len(trials), label)
		begin := time.Now()
		trial := trial{plan: p, contender: c.contender, features: c.features}
		values, err := trial.run(ctx)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if failed[c] = err != nil; failed[c] {
			t.leave(tell, "%s: %v", label, err)
		}
		t.add(c, values)
		tell.Printf("    %s; took %s", summary(values), time.Since(begin).Round(time.Second))
	}
	return t, nil
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

func (t *table) add(c cell, values map[string]float64) {
	if t.values[c] == nil {
		t.values[c] = make(map[string][]float64)
	}
	for name, value := range values {
		t.values[c][name] = append(t.values[c][name], value)
	}
}

func (t *table) leave(tell *log.Logger, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	tell.Printf("left out: %s", text)
	t.left = append(t.left, text)
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
