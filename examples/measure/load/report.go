package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/seatbeat/seatbeat/examples/measure/internal/figures"
)

// result is what was measured. A figure that was not measured is 0.
type result struct {
	Own     bool     `json:"own_server"` // in the same process: ledger in a file, mutual TLS
	Servers []string `json:"servers"`
	Callers int      `json:"callers"`
	Clients int      `json:"clients"`
	Held    int      `json:"held"`
	Seconds float64  `json:"seconds"` // how long checkouts were measured

	Checkouts          int     `json:"checkouts"` // each with its checkin
	CheckoutsPerSecond float64 `json:"checkouts_per_second"`
	P50                float64 `json:"checkout_p50_ms"`
	P99                float64 `json:"checkout_p99_ms"`
	Max                float64 `json:"checkout_max_ms"`
	HoldPerSecond      float64 `json:"batched_checkouts_per_second"` // while the held leases were taken
	BeatsPerSecond     float64 `json:"leases_beaten_per_second"`
	Waits              int64   `json:"waits"` // answers with a retry-after
}

// describe sets what the options say.
func (r *result) describe(o options) {
	r.Own, r.Callers, r.Clients, r.Held = o.own, o.callers, o.clients, o.held
	for _, address := range o.servers {
		r.Servers = append(r.Servers, string(address))
	}
}

// held sets the rate at which leases were taken.
func (r *result) held(leases int64, in time.Duration) {
	r.HoldPerSecond = float64(leases) / in.Seconds()
}

// renewed sets the rate at which leases were renewed.
func (r *result) renewed(leases int64, in time.Duration) {
	r.BeatsPerSecond = float64(leases) / in.Seconds()
}

// checkouts sets the figures of checkouts, from the time that each of them took.
func (r *result) checkouts(took []time.Duration, in time.Duration) {
	slices.Sort(took)
	r.Seconds, r.Checkouts = in.Seconds(), len(took)
	r.CheckoutsPerSecond = float64(len(took)) / in.Seconds()
	if n := len(took); n > 0 {
		r.P50, r.P99, r.Max = milliseconds(took[n/2]), milliseconds(took[n*99/100]), milliseconds(took[n-1])
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / 1e6 }

// write prints the result as a table in Markdown, or as JSON.
func (r result) write(out io.Writer, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	servers := strings.Join(r.Servers, ", ")
	if r.Own {
		servers = "its own, in the same process: ledger in a file, mutual TLS"
	}
	rows := [][2]string{
		{"servers", servers},
		{"callers, and clients that they belong to", fmt.Sprintf("%d, %d", r.Callers, r.Clients)},
		{"leases held at the same time", figures.Grouped(r.Held)},
		{"checkouts, each with its checkin", fmt.Sprintf("%s in %.1f s", figures.Grouped(r.Checkouts), r.Seconds)},
		{"checkouts per second", figures.Grouped(r.CheckoutsPerSecond)},
		{"time of a checkout: p50, p99, longest", fmt.Sprintf("%.1f ms, %.1f ms, %.1f ms", r.P50, r.P99, r.Max)},
		{"answers with a retry-after", figures.Grouped(r.Waits)},
	}
	if r.Held > 0 {
		rows = append(rows,
			[2]string{"checkouts per second, in batches", figures.Grouped(r.HoldPerSecond)},
			[2]string{"leases renewed per second", figures.Grouped(r.BeatsPerSecond)})
	}
	_, err := fmt.Fprint(out, "| what | figure |\n| --- | --- |\n")
	for _, row := range rows {
		if err == nil {
			_, err = fmt.Fprintf(out, "| %s | %s |\n", row[0], row[1])
		}
	}
	return err
}
