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

// rowsOf are the client's processor times of seatbeat and by-hand, for 1,000 and 100,000 features.
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
		resultsOf(rowsOf(0, 1, 0, 5)).ratios("client_cpu_per_beat"), "nor has it grown from nothing")
}

func TestRatiosWithinTheSpreadCameAgain(t *testing.T) {
	var said bytes.Buffer
	then, now := resultsOf(rowsOf(2, 1, 200, 400)), resultsOf(rowsOf(4, 2, 400, 800)) // on a machine half as fast
	require.NoError(t, cameAgain(now, then, log.New(&said, "", 0)))
	assert.Contains(t, said.String(), "all 4 ratios that are in both runs came again")
	assert.NotContains(t, said.String(), "not in this run")
	assert.Contains(t, said.String(), "client_cpu_per_beat: ratios apart by a factor of 1.00 at most")
}

func TestRatioOutsideTheSpreadIsTold(t *testing.T) {
	for _, byHandNow := range []float64{4000, 40} { // ten times as much, or as little
		var said bytes.Buffer
		then, now := resultsOf(rowsOf(2, 1, 200, 400)), resultsOf(rowsOf(2, 1, 200, byHandNow))
		assert.ErrorContains(t, cameAgain(now, then, log.New(&said, "", 0)), "2 of 4 ratios did not come again")
		assert.Contains(t, said.String(), "not again: client_cpu_per_beat of by-hand with 100,000 features, to seatbeat: ×"+short(byHandNow)+", and ×400 then")
		assert.Contains(t, said.String(), "client_cpu_per_beat: ratios apart by a factor of 10.0 at most")
	}
}

func TestRatiosThatAreNotMeasuredAgainAreTold(t *testing.T) {
	var said bytes.Buffer
	then := resultsOf(rowsOf(2, 1, 200, 400))
	require.NoError(t, cameAgain(resultsOf(rowsOf(2, 1, 200, 0)), then, log.New(&said, "", 0)), "by-hand was left out with 100,000")
	assert.Contains(t, said.String(), "2 ratios of then are not in this run")
	assert.Contains(t, said.String(), "all 2 ratios that are in both runs came again")
}

func TestRunsWithoutACommonRatioAreNotCompared(t *testing.T) {
	onlyOurs := resultsOf(rowsOf(2, 1, 0, 0))
	assert.ErrorContains(t, cameAgain(onlyOurs, resultsOf(nil), log.New(io.Discard, "", 0)), "no ratio is in both runs")
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
	assert.Contains(t, said.String(), "which has to be what -json-file wrote")
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
	assert.ErrorContains(t, err, "1 of 1 ratios did not come again")
	assert.Contains(t, said.String(), "not again: bytes_per_beat of seatbeat, from 20 to 40 features")
	assert.Contains(t, out.String(), "| seatbeat |", "the table is written all the same")
}

func TestDocsHaveTheTablesOfTheFullRun(t *testing.T) {
	run, err := readResults("full.json")
	require.NoError(t, err)
	var tables strings.Builder
	(&table{plan: fullRun}).tables(&tables, run)
	assert.Contains(t, readAbove(t, filepath.Join("docs", "performance.md")), tables.String())
}

// readAbove returns a file of the repository, by its path from the root, which is above this folder.
func readAbove(t *testing.T, file string) string {
	t.Helper()
	for range 5 {
		file = filepath.Join("..", file)
		if text, err := os.ReadFile(file); err == nil {
			return string(text)
		}
	}
	require.FailNow(t, "not found above this folder", file)
	return ""
}
