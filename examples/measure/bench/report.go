package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/seatbeat/seatbeat/examples/measure/internal/figures"
)

func (t *table) json(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(t.rows())
}

// markdown writes a table for each metric, and what has to be known of them.
func (t *table) markdown(out io.Writer) error {
	var b strings.Builder
	t.head(&b)
	t.tables(&b, resultsOf(t.rows()))
	t.foot(&b)
	_, err := io.WriteString(out, b.String())
	return err
}

// tables have a line for each contender, and a column for each number of features.
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

func key(contender string, features int, metric string) string {
	return contender + " " + strconv.Itoa(features) + " " + metric
}

func (t *table) head(b *strings.Builder) {
	p := t.plan
	fmt.Fprintf(b, "Measured on %s on %s, %d cores, with %s and etcd %s, by `%s`: each feature is beaten every %s,\n",
		t.began.Format("2006-01-02"), machine(), runtime.NumCPU(), runtime.Version(), etcdVersion(), t.Command, p.interval)
	fmt.Fprintf(b, "%s. Columns are numbers of features.\n", repetitions(p.repetitions))
	b.WriteString("In brackets: how many times the figure of seatbeat. Growth: the figure at the right over that at the left.\n")
	b.WriteString("Spread: the factor within which these ratios come again in another full run on the same machine.\n")
}

func repetitions(n int) string {
	if n == 1 {
		return "one repetition, so that there is no spread"
	}
	return fmt.Sprintf("median of %d repetitions, and their range", n)
}

// line writes what one contender needed: median and range, the ratio to seatbeat, and the growth.
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

// notes say what is and what isn't comparable.
const notes = `
- All talk mutual TLS (TLS 1.3) on loopback; server and client are a process each and share the machine. Processor time
  is all that the process used in the window, idle work included: it weighs on few features.
- All have a seat on disk before they grant it: our server in one transaction for all that wait, etcd in its log, once for
  the lease and once for the key that is the seat. etcd is one member here; as a cluster it would survive the loss of a
  machine, at more cost. Nobody writes beats to disk.
- A seat is returned to etcd by revoking its lease, for which etcd commits its database each time. That bounds its
  checkouts_per_second; held_per_second has what it grants without.
- seatbeat beats all leases of a server together, in chunks of 4,096, and takes seats in batches. by-hand and etcd beat
  each lease by a message of its own: by-hand by a call, etcd on a stream for each 1,000 leases, as one for all falls behind
  while seats are taken. by-hand uses our server, so that the difference to seatbeat is that of the client's way alone.
- by-hand with few features pays for waking both processes with nearly every call; with many, calls wake them together.
- Features are taken by 1,024 callers at a time, those of etcd by 128, which take as many a second there. With more, beats
  wait behind grants; those without an answer are sent again each half second, and 100,000 leases may not catch up any more.
- Beats are counted once they go at their pace.
- etcd's client rounds the pause between two beats up to its own half seconds. Figures are for each beat answered.
- by-hand and etcd are measured up to 100,000 features, by default.
- Recovery begins after an outage of one interval, with leases that the server still knows. by-hand waits for its next tick
  after gRPC, with its defaults, has connected anew, and the others try meanwhile. seatbeat has one connection, and draws
  when that tries again, at most half an interval later: hence the spread.
`

func (t *table) foot(b *strings.Builder) {
	b.WriteString(notes)
	for _, text := range t.left {
		fmt.Fprintf(b, "- Left out: %s.\n", strings.ReplaceAll(text, "\n", "; "))
	}
}

// summary is a trial on one line.
func summary(values map[string]float64) string {
	var parts []string
	for _, m := range metrics {
		if v, ok := values[m.name]; ok {
			parts = append(parts, fmt.Sprintf("%s %s %s", m.name, short(v), m.unit))
		}
	}
	return strings.Join(parts, ", ")
}

// short writes a figure with three digits that count, and commas.
func short(v float64) string {
	if v == 0 || math.Abs(v) >= 100 {
		return figures.Grouped(v)
	}
	digits := 2 - int(math.Floor(math.Log10(math.Abs(v))))
	return strconv.FormatFloat(v, 'f', digits, 64)
}

// machine is the processor if the system tells, else its kind.
func machine() string {
	kind := runtime.GOOS + "/" + runtime.GOARCH
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return kind
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value) + ", " + kind
		}
	}
	return kind
}

// etcdVersion is that which the program was built with.
func etcdVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "of unknown version"
	}
	for _, m := range info.Deps {
		if m.Path == "go.etcd.io/etcd/server/v3" {
			return strings.TrimPrefix(m.Version, "v")
		}
	}
	return "of unknown version"
}
