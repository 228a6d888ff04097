//go:build unix

package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/examples/measure/internal/role"
)

// TestMain also runs the roles: the processes that a test starts are this program.
func TestMain(m *testing.M) {
	role.Main(roles)
	os.Exit(m.Run())
}

func TestNothingLeaksWhileTheServerIsDisturbed(t *testing.T) {
	var out, progress bytes.Buffer
	args := []string{"-duration", "3s", "-features", "40", "-clients", "2", "-client-timeout", "300ms", "-seed", "1"}
	require.Zero(t, run(t.Context(), args, &out, &progress), progress.String()+out.String())
	assert.Contains(t, out.String(), "40 features, 2 client processes, 3s, seed 1: server paused ")
	assert.Contains(t, out.String(), "Leases in the ledger: 40 with all features held, 0 with all clients closed.\nNothing leaked")
}

func TestInterruptedSoakSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, progress bytes.Buffer
	assert.Equal(t, 1, run(ctx, nil, &out, &progress))
	assert.Empty(t, out.String())
	assert.Contains(t, progress.String(), "soak: interrupted")
}

// clean is the outcome of a soak of 10 features without a leak.
func clean() *outcome {
	o := &outcome{features: 10, ledgerHeld: 10}
	o.server.fresh, o.server.before, o.server.after, o.server.left = usage{10, 1}, usage{20, 1}, usage{20, 1}, usage{10, 1}
	for _, reports := range []*[]clientReport{&o.clients.before, &o.clients.after, &o.clients.left} {
		*reports = []clientReport{{usage: usage{5, 1}, Before: usage{5, 1}}}
	}
	return o
}

func TestEachKindOfLeakIsReported(t *testing.T) {
	for what, leak := range map[string]func(*outcome){
		"the server, with all features held: 29 goroutines":       func(o *outcome) { o.server.after.Goroutines = 29 },
		"the server, with all clients closed: 10 goroutines":      func(o *outcome) { o.server.left.Heap = 8 << 20 },
		"client 0, with all features held: 5 goroutines":          func(o *outcome) { o.clients.after[0].Heap = 11 << 20 },
		"client 0, closed: 6 goroutines":                          func(o *outcome) { o.clients.left[0].Goroutines = 6 },
		"leases in the ledger with all features held: 11":         func(o *outcome) { o.ledgerHeld = 11 },
		"seats in use with all clients closed: 1 instead of 0":    func(o *outcome) { o.server.used = 1 },
		"leases in the ledger with all clients closed: 1 instead": func(o *outcome) { o.ledgerLeft = 1 },
	} {
		o := clean()
		leak(o)
		var out bytes.Buffer
		assert.ErrorContains(t, o.write(&out, options{features: 10}), what)
		assert.NotContains(t, out.String(), "Nothing leaked")
	}
}

func TestCleanOutcomeIsNoError(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, clean().write(&out, options{features: 10}))
	assert.Contains(t, out.String(), "Nothing leaked")
}

func TestFlagFaultsNameTheFlagAndWhatItMustBe(t *testing.T) {
	for _, c := range []struct{ arg, want string }{
		{"-duration=0s", "-duration is 0s: must be more than 0"},
		{"-clients=0", "-clients is 0: must be 1 to 100"},
		{"-features=9", "-features is 9: must be at least one for each client"},
		{"-client-timeout=1ms", "-client-timeout is 1ms: must be 300ms to 5m0s"},
		{"now", `"now" is not a flag`},
	} {
		var progress bytes.Buffer
		assert.Equal(t, 2, run(t.Context(), []string{c.arg}, nil, &progress), c.arg)
		assert.Contains(t, progress.String(), c.want)
	}
}

func TestHelpIsPrintedToStandardOutput(t *testing.T) {
	var out bytes.Buffer
	assert.Zero(t, run(t.Context(), []string{"-help"}, &out, io.Discard))
	assert.Equal(t, help, out.String())
}
