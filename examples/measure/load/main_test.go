package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOwnServerIsMeasuredAndGetsEverySeatBack(t *testing.T) {
	ledger := filepath.Join(t.TempDir(), "ledger")
	var out, progress bytes.Buffer
	args := []string{"-json", "-duration", "100ms", "-callers", "4", "-clients", "2", "-held", "3000", "-ledger", ledger}
	require.Zero(t, run(t.Context(), args, &out, &progress), progress.String())

	var r result
	require.NoError(t, json.Unmarshal(out.Bytes(), &r))
	assert.True(t, r.Own)
	assert.Equal(t, []int{4, 2, 3000}, []int{r.Callers, r.Clients, r.Held})
	for _, figure := range []float64{float64(r.Checkouts), r.CheckoutsPerSecond, r.P50, r.P99, r.Max, r.HoldPerSecond, r.BeatsPerSecond} {
		assert.Positive(t, figure)
	}
	report, err := server.CheckBoltLedger(ledger)
	require.NoError(t, err)
	assert.Zero(t, report.Leases)
	assert.GreaterOrEqual(t, report.Ended, r.Checkouts+3000)
}

func TestTableIsForPeople(t *testing.T) {
	var out, progress bytes.Buffer
	require.Zero(t, run(t.Context(), []string{"-duration", "50ms", "-callers", "2"}, &out, &progress), progress.String())
	assert.Contains(t, out.String(), "| what | figure |\n| --- | --- |\n| servers | its own, in the same process")
	assert.Contains(t, out.String(), "| checkouts per second | ")
	assert.NotContains(t, out.String(), "renewed", "no lease was held")
}

func TestRunningServerThatLimitsItsClientsIsWaitedFor(t *testing.T) {
	// The burst is smaller than the number of seats, and the rate far lower than what the network can do.
	srv, address := serve(t, 10_000, server.Limits{Burst: 1024, Rate: 10_000})
	var out, progress bytes.Buffer
	args := []string{"-json", "-servers", address, "-insecure", "-feature", "cad:2.1", "-held", "5000", "-duration", "50ms", "-callers", "2"}
	require.Zero(t, run(t.Context(), args, &out, &progress), progress.String())
	var r result
	require.NoError(t, json.Unmarshal(out.Bytes(), &r))
	assert.Positive(t, r.Waits)
	assert.Equal(t, []string{address}, r.Servers)
	assert.Zero(t, leases(t, srv))
}

func TestRefusalEndsTheRunAndWhatWasTakenIsGivenBack(t *testing.T) {
	srv, address := serve(t, 1500, server.Limits{})
	var out, progress bytes.Buffer
	args := []string{"-servers", address, "-insecure", "-feature", "cad:2.1", "-held", "2000", "-duration", "50ms"}
	assert.Equal(t, 1, run(t.Context(), args, &out, &progress))
	assert.Empty(t, out.String())
	assert.Contains(t, progress.String(), "the server refused a seat of cad 2.1: NoSeats")
	assert.Zero(t, leases(t, srv))
}

func TestInterruptedRunSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, progress bytes.Buffer
	assert.Equal(t, 1, run(ctx, nil, &out, &progress))
	assert.Empty(t, out.String())
	assert.Contains(t, progress.String(), "load: ")
}

func TestHelpIsPrintedToStandardOutput(t *testing.T) {
	var out bytes.Buffer
	assert.Zero(t, run(t.Context(), []string{"-help"}, &out, io.Discard))
	assert.Equal(t, help, out.String())
}

func TestFlagFaultsNameTheFlagAndWhatItMustBe(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-callers", "0"}, "-callers is 0: must be 1 to 10000"},
		{[]string{"-clients", "1001"}, "-clients is 1001: must be 1 to 1000"},
		{[]string{"-held", "-1"}, "-held is -1: must be 0 to 4000000"},
		{[]string{"-duration", "0s"}, "-duration is 0s: must be more than 0"},
		{[]string{"-duration", "2h"}, "at most 1h0m0s"},
		{[]string{"f2"}, `"f2" is not a flag`},
		{[]string{"-insecure"}, "-servers is missing"},
		{[]string{"-servers", "lic1"}, "must be host:port"},
		{[]string{"-servers", "lic1:6200"}, "-feature is missing"},
		{[]string{"-servers", "lic1:6200", "-feature", "cad:x"}, "must be name:version"},
		{[]string{"-servers", "lic1:6200", "-feature", "cad"}, "-cert and -key are both required"},
		{[]string{"-servers", "lic1:6200", "-feature", "cad", "-insecure", "-ca", "ca.pem"}, "-insecure means no TLS"},
		{[]string{"-servers", "lic1:6200", "-ledger", "x"}, "-ledger is about a server that load starts"},
	} {
		var progress bytes.Buffer
		assert.Equal(t, 2, run(t.Context(), c.args, nil, &progress), c.args)
		assert.Contains(t, progress.String(), c.want)
	}
}

func TestCertificatesThatCannotBeReadAreNamed(t *testing.T) {
	var progress bytes.Buffer
	args := []string{"-servers", "127.0.0.1:1", "-feature", "cad", "-cert", "me.pem", "-key", "me.key"}
	assert.Equal(t, 1, run(t.Context(), args, nil, &progress))
	assert.Contains(t, progress.String(), "-cert me.pem and -key me.key cannot be used")
}

// serve starts a server with seats of cad 2.1, and returns its address.
func serve(t *testing.T, seats int, limits server.Limits) (*server.Server, string) {
	t.Helper()
	srv, err := server.New(server.Config{
		Ledger: &ledger.Memory{}, Insecure: true, Limits: limits,
		Features: []license.Feature{{Name: "cad", Version: messages.V(2, 1), Seats: seats}},
	})
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(listener) }()
	t.Cleanup(func() {
		require.NoError(t, srv.Stop(context.Background()))
		require.NoError(t, <-served)
	})
	return srv, listener.Addr().String()
}

func leases(t *testing.T, srv *server.Server) int {
	t.Helper()
	status, err := srv.Status(t.Context())
	require.NoError(t, err)
	return status.Leases
}
