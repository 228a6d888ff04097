package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"runtime"
	"slices"
	"strconv"
	"strings"
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
	values  map[cell]map[string][]float64 // by metric, one value for each repetition
	left    []string                      // what was left out, and why
}

// try runs one trial, and reports whether it measured anything.
func (t *table) try(ctx context.Context, c cell, repetition int, tell *log.Logger) bool {
	begin := time.Now()
	trial := trial{plan: t.plan, contender: c.contender, features: c.features}
	values, err := trial.run(ctx)
	if ctx.Err() != nil {
		err = context.Cause(ctx) // the reason why the processes were killed
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

// row is one figure, over all repetitions.
type row struct {
	Contender string  `json:"contender"`
	Features  int     `json:"features"`
	Metric    string  `json:"metric"`
	Unit      string  `json:"unit"`
	Median    float64 `json:"median"`
	Min       float64 `json:"min"`
	Max       float64 `json:"max"`
}

// rows returns all figures, ordered by metric, contender and number of features.
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

// median returns the median of sorted values, at least one.
func median(sorted []float64) float64 {
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}

// json writes the rows.
func (t *table) json(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(t.rows())
}

// markdown writes a table for each metric, and notes on how to read them.
func (t *table) markdown(out io.Writer) error {
	var b strings.Builder
	t.head(&b)
	t.tables(&b, resultsOf(t.rows()))
	t.foot(&b)
	_, err := io.WriteString(out, b.String())
	return err
}

// tables writes the tables: a line for each contender, and a column for each number of features.
func (t *table) tables(b *strings.Builder, found results) {
	for _, m := range metrics {
		fmt.Fprintf(b, "\n**%s**, %s: %s (spread of its ratios: a factor of %s)\n\n| |", m.name, m.unit, m.what, short(m.spread))
		for _, n := range t.plan.sizes {
			fmt.Fprintf(b, " %s |", figures.Grouped(n))
		}
		fmt.Fprintf(b, " growth |\n| --- |%s\n", strings.Repeat(" ---: |", len(t.plan.sizes)+1))
		for _, contender := range t.plan.contenders {
			t.line(b, contender, m, found)
		}
	}
}

// head says how the figures were measured.
func (t *table) head(b *strings.Builder) {
	p := t.plan
	fmt.Fprintf(b, "Measured on %s on %s, %d cores, with %s and etcd %s, by `%s`: a heartbeat for each feature every %s,\n",
		t.began.Format("2006-01-02"), machine(), runtime.NumCPU(), runtime.Version(), etcdVersion(), t.Command, p.interval)
	fmt.Fprintf(b, "%s. Columns are numbers of features.\n", repetitions(p.repetitions))
	b.WriteString("In brackets: the figure divided by that of seatbeat. Growth: the figure at the right divided by that at the left.\n")
	b.WriteString("Spread: the factor by which these ratios may differ in another full run on the same machine.\n")
}

// line writes the figures of one contender: median and range, the ratio to seatbeat, and the growth.
func (t *table) line(b *strings.Builder, contender string, m metric, found results) {
	fmt.Fprintf(b, "| %s |", contender)
	for _, n := range t.plan.sizes {
		r, ok := found.rows[key(contender, n, m.name)]
		if !ok {
			b.WriteString(" – |")
			continue
		}
		fmt.Fprintf(b, " %s", short(r.Median))
		if t.plan.repetitions > 1 {
			fmt.Fprintf(b, ", %s to %s", short(r.Min), short(r.Max))
		}
		if ratio := found.toSeatbeat(cell{contender, n}, m.name); ratio > 0 {
			fmt.Fprintf(b, " (×%s)", short(ratio))
		}
		b.WriteString(" |")
	}
	if ratio, _, _ := found.growth(contender, m.name); ratio > 0 {
		fmt.Fprintf(b, " ×%s |\n", short(ratio))
		return
	}
	b.WriteString(" – |\n")
}

// foot writes the notes, and what was left out.
func (t *table) foot(b *strings.Builder) {
	b.WriteString(notes)
	for _, text := range t.left {
		fmt.Fprintf(b, "- Left out: %s.\n", strings.ReplaceAll(text, "\n", "; "))
	}
}

// key names a figure.
func key(contender string, features int, metric string) string {
	return contender + " " + strconv.Itoa(features) + " " + metric
}
