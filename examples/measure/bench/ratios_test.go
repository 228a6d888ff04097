package main

import (
	"bytes"
	"context"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rowsOf returns processor times of the client, for seatbeat and by-hand with 1,000 and 100,000 features.
func rowsOf(seatbeat, seatbeatLarge, byHand, byHandLarge float64) []row {
	of := func(contender string, features int, v float64) row {
		return row{contender, features, "client_cpu_per_beat", "µs", v, v, v}
	}
	return []row{
		of(seatbeatName, 1_000, seatbeat), of(seatbeatName, 100_000, seatbeatLarge),
		of(byHandName, 1_000, byHand), of(byHandName, 100_000, byHandLarge),
	}
}

func TestRatiosAreThoseToSeatbeatAndOfGrowth(t *testing.T) {
	assert.Equal(t, map[string]float64{
		"by-hand with 1,000 features, to seatbeat":   100,
		"by-hand with 100,000 features, to seatbeat": 400,
		"seatbeat, from 1,000 to 100,000 features":   0.5,
		"by-hand, from 1,000 to 100,000 features":    2,
	}, resultsOf(rowsOf(2, 1, 200, 400)).ratios("client_cpu_per_beat"))
}

func TestRatioOfNothingIsNone(t *testing.T) {
	assert.Empty(t, resultsOf(rowsOf(0, 0, 200, 0)).ratios("client_cpu_per_beat"))
	assert.Empty(t, resultsOf(nil).ratios("client_cpu_per_beat"))
	assert.Equal(t, map[string]float64{"by-hand with 100,000 features, to seatbeat": 5},
		resultsOf(rowsOf(0, 1, 0, 5)).ratios("client_cpu_per_beat"), "and there is no growth from 0")
}

func TestRatiosWithinTheSpreadAreNearEnough(t *testing.T) {
	var said bytes.Buffer
	then, now := resultsOf(rowsOf(2, 1, 200, 400)), resultsOf(rowsOf(4, 2, 400, 800)) // on a machine half as fast
	require.NoError(t, compareRatios(now, then, log.New(&said, "", 0)))
	assert.Contains(t, said.String(), "all 4 ratios that are in both runs are near enough")
	assert.NotContains(t, said.String(), "not in this run")
	assert.Contains(t, said.String(), "client_cpu_per_beat: ratios differ by a factor of at most 1.00")
}

func TestRatioOutsideTheSpreadIsReported(t *testing.T) {
	for _, byHandNow := range []float64{4000, 40} { // ten times as much, or as little
		var said bytes.Buffer
		then, now := resultsOf(rowsOf(2, 1, 200, 400)), resultsOf(rowsOf(2, 1, 200, byHandNow))
		assert.ErrorContains(t, compareRatios(now, then, log.New(&said, "", 0)), "2 of 4 ratios are too far away")
		assert.Contains(t, said.String(), "too far away: client_cpu_per_beat of by-hand with 100,000 features, to seatbeat: ×"+short(byHandNow)+", was ×400")
		assert.Contains(t, said.String(), "client_cpu_per_beat: ratios differ by a factor of at most 10.0")
	}
}

func TestRatiosThatAreNotMeasuredAgainAreReported(t *testing.T) {
	var said bytes.Buffer
	then := resultsOf(rowsOf(2, 1, 200, 400))
	require.NoError(t, compareRatios(resultsOf(rowsOf(2, 1, 200, 0)), then, log.New(&said, "", 0)), "by-hand was left out with 100,000")
	assert.Contains(t, said.String(), "2 ratios of the earlier run are not in this run")
	assert.Contains(t, said.String(), "all 2 ratios that are in both runs are near enough")
}

func TestRunsWithoutACommonRatioAreNotCompared(t *testing.T) {
	onlyOurs := resultsOf(rowsOf(2, 1, 0, 0))
	assert.ErrorContains(t, compareRatios(onlyOurs, resultsOf(nil), log.New(io.Discard, "", 0)), "no ratio is in both runs")
}

func TestEarlierRunIsReadBeforeAnythingIsMeasured(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // else it would measure
	var said bytes.Buffer
	missing := filepath.Join(t.TempDir(), "missing.json")
	assert.Equal(t, 1, run(ctx, []string{"-against", missing}, io.Discard, &said))
	assert.Contains(t, said.String(), missing)

	wrong := filepath.Join(t.TempDir(), "table.md")
	require.NoError(t, os.WriteFile(wrong, []byte("| seatbeat |"), 0o600))
	said.Reset()
	assert.Equal(t, 1, run(ctx, []string{"-against", wrong}, io.Discard, &said))
	assert.Contains(t, said.String(), "which must be a file of -json-file")
}

func TestRunIsComparedWithAnEarlierOne(t *testing.T) {
	p := tiny()
	p.sizes = []int{20, 40}
	p.contenders = []string{seatbeatName}
	earlier := filepath.Join(t.TempDir(), "earlier.json")
	require.NoError(t, os.WriteFile(earlier, []byte(`[
		{"contender":"seatbeat","features":20,"metric":"bytes_per_beat","unit":"B","median":1},
		{"contender":"seatbeat","features":40,"metric":"bytes_per_beat","unit":"B","median":1000}]`), 0o600))
	var out, said bytes.Buffer
	err := compare(t.Context(), options{plan: p, against: earlier}, &out, log.New(&said, "", 0))
	assert.ErrorContains(t, err, "1 of 1 ratios are too far away")
	assert.Contains(t, said.String(), "too far away: bytes_per_beat of seatbeat, from 20 to 40 features")
	assert.Contains(t, out.String(), "| seatbeat |", "the table is written as well")
}

func TestDocsHaveTheTablesOfTheFullRunAndTheNotes(t *testing.T) {
	run, err := readResults("full.json")
	require.NoError(t, err)
	var tables strings.Builder
	(&table{plan: fullRun}).tables(&tables, run)
	docs, err := os.ReadFile("../../../docs/performance.md")
	require.NoError(t, err)
	assert.Contains(t, string(docs), tables.String())
	assert.Contains(t, string(docs), notes)
}
