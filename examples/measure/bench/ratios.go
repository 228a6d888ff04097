package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"maps"
	"os"
	"slices"

	"github.com/seatbeat/seatbeat/examples/measure/internal/figures"
)

// results holds the rows of a run, by key.
type results struct {
	rows  map[string]row
	sizes []int // ascending
}

func resultsOf(rows []row) results {
	r := results{rows: make(map[string]row, len(rows))}
	for _, one := range rows {
		r.rows[key(one.Contender, one.Features, one.Metric)] = one
		r.sizes = append(r.sizes, one.Features)
	}
	slices.Sort(r.sizes)
	r.sizes = slices.Compact(r.sizes)
	return r
}

// readResults reads a file that a run wrote with -json-file.
func readResults(name string) (results, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return results{}, err
	}
	var rows []row
	if err := json.Unmarshal(text, &rows); err != nil {
		return results{}, fmt.Errorf("read %s, which must be a file of -json-file: %w", name, err)
	}
	return resultsOf(rows), nil
}

// toSeatbeat returns a contender's figure divided by that of seatbeat, or 0 if one of them is missing.
func (r results) toSeatbeat(c cell, metric string) float64 {
	theirs, ours := r.rows[key(c.contender, c.features, metric)], r.rows[key(seatbeatName, c.features, metric)]
	if c.contender == seatbeatName || ours.Median <= 0 {
		return 0
	}
	return max(0, theirs.Median/ours.Median)
}

// growth returns the figure with the most features divided by that with the fewest, or 0 if there is only one.
func (r results) growth(contender, metric string) (ratio float64, fewest, most int) {
	var first, last row
	for _, n := range r.sizes {
		if one, ok := r.rows[key(contender, n, metric)]; ok {
			if last = one; first.Features == 0 {
				first = one
			}
		}
	}
	if first.Features == last.Features || first.Median <= 0 {
		return 0, 0, 0
	}
	return last.Median / first.Median, first.Features, last.Features
}

// ratios returns all ratios of a metric, by what they compare.
func (r results) ratios(metric string) map[string]float64 {
	all := make(map[string]float64)
	for _, contender := range names() {
		for _, n := range r.sizes {
			c := cell{contender, n}
			if v := r.toSeatbeat(c, metric); v > 0 {
				all[c.String()+", to seatbeat"] = v
			}
		}
		if v, fewest, most := r.growth(contender, metric); v > 0 {
			all[fmt.Sprintf("%s, from %s to %s features", contender, figures.Grouped(fewest), figures.Grouped(most))] = v
		}
	}
	return all
}

// compareRatios reports how far the ratios of this run are from those of an earlier run. If one is further away than the
// spread of its metric, that is an error.
func compareRatios(now, then results, tell *log.Logger) error {
	compared, off, missing := 0, 0, 0
	for _, m := range metrics {
		were, furthest := then.ratios(m.name), 1.0
		are := now.ratios(m.name)
		for _, of := range slices.Sorted(maps.Keys(were)) {
			is, was := are[of], were[of]
			if is == 0 {
				missing++
				continue
			}
			compared++
			apart := max(is/was, was/is)
			if furthest = max(furthest, apart); apart > m.spread {
				off++
				tell.Printf("too far away: %s of %s: ×%s, was ×%s", m.name, of, short(is), short(was))
			}
		}
		tell.Printf("%s: ratios differ by a factor of at most %s, %s is allowed", m.name, short(furthest), short(m.spread))
	}
	if missing > 0 {
		tell.Printf("%d ratios of the earlier run are not in this run", missing)
	}
	switch {
	case compared == 0:
		return errors.New("-against: no ratio is in both runs: measure the same contenders and numbers of features")
	case off > 0:
		return fmt.Errorf("-against: %d of %d ratios are too far away: something has changed, or the machine was busy", off, compared)
	default:
		tell.Printf("all %d ratios that are in both runs are near enough", compared)
		return nil
	}
}
