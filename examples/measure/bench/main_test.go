package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/examples/measure/internal/role"
)

// TestMain also runs the roles: the processes that a test starts are this program.
func TestMain(m *testing.M) {
	role.Main(roles)
	os.Exit(m.Run())
}

// tiny is a run of seconds.
func tiny() plan {
	p := quickRun
	p.sizes, p.interval, p.settle, p.window, p.checkouts, p.callers = []int{20}, time.Second, 0, 1500*time.Millisecond, 100*time.Millisecond, 4
	p.recover = time.Minute
	return p
}

func TestEveryContenderIsMeasuredInEveryMetric(t *testing.T) {
	var out, progress bytes.Buffer
	table := filepath.Join(t.TempDir(), "table.md")
	o := options{plan: tiny(), json: true, markdownFile: table}
	require.NoError(t, compare(t.Context(), o, &out, log.New(&progress, "", 0)))

	var rows []row
	require.NoError(t, json.Unmarshal(out.Bytes(), &rows), "JSON alone is on standard output")
	seen := make(map[string]bool)
	for _, r := range rows {
		seen[key(r.Contender, r.Features, r.Metric)] = true
		assert.NotEmpty(t, r.Unit)
		if r.Metric != "heap_per_feature" { // with so few features, it may even be less than before
			assert.Positive(t, r.Median, "%+v", r)
		}
		assert.Equal(t, []float64{r.Median, r.Median}, []float64{r.Min, r.Max}, "one repetition")
	}
	for _, c := range names() {
		for _, m := range metrics {
			assert.True(t, seen[key(c, 20, m.name)], "%s of %s: %s", m.name, c, progress.String())
		}
	}
	text, err := os.ReadFile(table)
	require.NoError(t, err)
	assert.Contains(t, string(text), "| seatbeat |")
	assert.NotContains(t, string(text), "Left out")
}

func TestWindowLastsUntilTheHeartbeatsThatAreDueInIt(t *testing.T) {
	p := tiny()
	p.window = time.Millisecond // one heartbeat is due in it, and 1,000 are sent together a second later
	trial := trial{plan: p, contender: seatbeatName, features: 1000}
	values, err := trial.run(t.Context())
	require.NoError(t, err)
	assert.Positive(t, values["bytes_per_beat"])
}

func TestWhatIsNotHeldInTimeIsLeftOutAndReported(t *testing.T) {
	p := tiny()
	p.contenders, p.hold, p.repetitions = []string{etcdName, byHandName}, time.Nanosecond, 2
	var progress bytes.Buffer
	result, err := p.measure(t.Context(), log.New(&progress, "", 0))
	require.NoError(t, err)
	assert.Empty(t, result.rows())
	require.Len(t, result.left, 2, "not tried again")
	assert.Contains(t, result.left[0], "by-hand with 20 features, repetition 1: hold the features within 1ns")
	assert.Contains(t, progress.String(), "left out: etcd with 20 features")
}

func TestWhatIsNotMeasuredWhenTheTimeIsUpIsLeftOutAndReported(t *testing.T) {
	p := tiny()
	p.budget = -1
	result, err := p.measure(t.Context(), log.New(io.Discard, "", 0))
	require.NoError(t, err)
	assert.Empty(t, result.rows())
	require.Len(t, result.left, len(names()))
	assert.Equal(t, "seatbeat with 20 features, repetition 1: the time was up", result.left[0])
}

func TestInterruptedRunIsAnError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := tiny().measure(ctx, log.New(io.Discard, "", 0))
	assert.ErrorIs(t, err, context.Canceled)
}

func TestProcessThatFailsSaysWhy(t *testing.T) {
	_, err := role.Start(t.Context(), roleServer, setup{Contender: "abacus"})
	assert.ErrorContains(t, err, `server ended: there is no contender "abacus"`)
	_, err = role.Start(t.Context(), roleServer, setup{Contender: seatbeatName, Folder: t.TempDir()})
	assert.ErrorContains(t, err, "read certificate")
}

func TestFullRunMeasuresOnlySeatbeatWithAMillionFeatures(t *testing.T) {
	var million []string
	for _, c := range fullRun.cells() {
		if c.features == 1_000_000 {
			million = append(million, c.contender)
		}
	}
	assert.Equal(t, []string{seatbeatName}, million)
	assert.Len(t, fullRun.cells(), 10)
}

func TestFlagFaultsSayWhatTheFlagMustBe(t *testing.T) {
	for _, c := range []struct{ arg, want string }{
		{"-contenders=abacus", "must be seatbeat, by-hand and etcd"},
		{"-contenders=etcd,etcd", "named twice"},
		{"-features=0", "not a number from 1 to 2000000"},
		{"-features=a", "not a number from 1 to 2000000"},
		{"-repetitions=101", "must be 1 to 100"},
		{"-interval=1500ms", "must be whole seconds from 1s to 10m0s"},
		{"-interval=11m", "must be whole seconds from 1s to 10m0s"},
		{"-window=7s", "must be from the interval, 20s, to 1h0m0s"},
		{"quick", "is not a flag"},
		{"-fast", "not defined"},
	} {
		var progress bytes.Buffer
		assert.Equal(t, 2, run(t.Context(), []string{c.arg}, nil, &progress), c.arg)
		assert.Contains(t, progress.String(), c.want)
	}
}

func TestFlagsChooseWhatIsMeasured(t *testing.T) {
	o, err := parse([]string{"-quick", "-contenders", "etcd", "-features", "7,5,7", "-repetitions", "2"})
	require.NoError(t, err)
	assert.Equal(t, []cell{{etcdName, 5}, {etcdName, 7}}, o.plan.cells())
	assert.Equal(t, 2, o.plan.repetitions)
	assert.Equal(t, quickRun.window, o.plan.window)
}

func TestFlagsChooseTheInterval(t *testing.T) {
	o, err := parse([]string{"-interval", "60s"})
	require.NoError(t, err)
	assert.Equal(t, []time.Duration{time.Minute, time.Minute}, []time.Duration{o.plan.interval, o.plan.window})
	assert.Equal(t, fullRun.recover+40*time.Second, o.plan.recover, "longer by the difference of the intervals")

	o, err = parse([]string{"-interval", "2m", "-window", "10m"})
	require.NoError(t, err)
	assert.Equal(t, []time.Duration{2 * time.Minute, 10 * time.Minute}, []time.Duration{o.plan.interval, o.plan.window})
}

func TestHelpIsPrintedToStandardOutput(t *testing.T) {
	var out bytes.Buffer
	assert.Zero(t, run(t.Context(), []string{"-help"}, &out, io.Discard))
	assert.Equal(t, help, out.String())
}
