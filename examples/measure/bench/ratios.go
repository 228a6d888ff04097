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

// results are the rows of a run, by key.
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

// readResults reads what a run wrote with -json-file.
func readResults(name string) (results, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return results{}, err
	}
	var rows []row
	if err := json.Unmarshal(text, &rows); err != nil {
		return results{}, fmt.Errorf("read %s, which has to be what -json-file wrote: %w", name, err)
	}
	return resultsOf(rows), nil
}

// toSeatbeat is how many times the figure of seatbeat a contender's is. It is 0 if there are no two.
func (r results) toSeatbeat(c cell, metric string) float64 {
	theirs, ours := r.rows[key(c.contender, c.features, metric)], r.rows[key(seatbeatName, c.features, metric)]
	if c.contender == seatbeatName || ours.Median <= 0 {
		return 0
	}
	return max(0, theirs.Median/ours.Median)
}

// growth is how many times the figure with the fewest features that with the most is. It is 0 if there are no two.
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

// ratios are all of a metric, by what they are of.
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

// cameAgain tells how far the ratios of this run are from those of an earlier one. It is an error if one is further than
// the spread of its metric.
func cameAgain(now, then results, tell *log.Logger) error {
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
				tell.Printf("not again: %s of %s: ×%s, and ×%s then", m.name, of, short(is), short(was))
			}
		}
		tell.Printf("%s: ratios apart by a factor of %s at most, within %s is expected", m.name, short(furthest), short(m.spread))
	}
	if missing > 0 {
		tell.Printf("%d ratios of then are not in this run", missing)
	}
	switch {
	case compared == 0:
		return errors.New("-against: no ratio is in both runs: measure the same contenders and numbers of features")
	case off > 0:
		return fmt.Errorf("-against: %d of %d ratios did not come again: either something changed, or the machine did something else", off, compared)
	default:
		tell.Printf("all %d ratios that are in both runs came again", compared)
		return nil
	}
}
