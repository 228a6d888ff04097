package main

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seatbeat/seatbeat/messages"
)

// asProgram makes the test's binary be the quickstart.
const asProgram = "SEATBEAT_TEST_QUICKSTART"

// TestMain plays the program, or the tests. Neither leaves a goroutine behind.
func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "" {
		goleak.VerifyTestMain(m)
		return
	}
	status := run(os.Args[1:])
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 99
	}
	os.Exit(status)
}

// program returns the quickstart with arguments, to be started. It is killed when it hangs.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// runProgram runs the quickstart to its end.
func runProgram(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	cmd := program(t, args...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// event is what the tests read of a line of JSON.
type event struct {
	Event   string    `json:"event"`
	Time    time.Time `json:"time"`
	Feature string    `json:"feature"`
	Resumed bool      `json:"resumed"`
	Reason  string    `json:"reason"`
	Failed  int       `json:"failed"`
}

func readEvents(t *testing.T, text string) (events []event) {
	t.Helper()
	for line := range strings.Lines(text) {
		var e event
		require.NoError(t, json.Unmarshal([]byte(line), &e), line)
		events = append(events, e)
	}
	return events
}

func TestThePlayShowsWhatHappensInItsOrder(t *testing.T) {
	t.Parallel()
	status, stdout, stderr := runProgram(t, "-json")
	require.Equal(t, 0, status, stderr)
	events := readEvents(t, stdout)
	for _, want := range []event{
		{Event: "CheckedOut", Feature: "cad"},
		{Event: "ServerRestarted"},
		{Event: "CheckoutSucceeded", Feature: "cad", Resumed: true},
		{Event: "ServerReplaced"},
		{Event: "CheckoutSucceeded", Feature: "cad"},
		{Event: "ServerReplaced"},
		{Event: "CheckoutFailed", Feature: "render", Reason: "NoSeats"},
		{Event: "LicenseLost", Feature: "render", Reason: "NoSeats"},
		{Event: "ConnectionLost", Failed: 3},
		{Event: "RetryingFeature", Feature: "cad"},
		{Event: "CheckoutSucceeded", Feature: "cad"},
		{Event: "FailedOver", Feature: "cad"},
		{Event: "ConnectionLost", Failed: 3},
		{Event: "LicenseLost", Feature: "cad", Reason: "GaveUp"},
		{Event: "Exited", Failed: 3},
	} {
		events = after(events, want)
		require.NotNil(t, events, "no %+v where it should be in:\n%s", want, stdout)
	}
}

// after returns what follows the first event that is like want, nil if there is none.
func after(events []event, want event) []event {
	for i, e := range events {
		e.Time = want.Time
		if e == want {
			return events[i+1:]
		}
	}
	return nil
}

func TestThePlayIsExplainedToPeopleAndEndsWithStatus3WithoutOnExit(t *testing.T) {
	t.Parallel()
	status, stdout, stderr := runProgram(t, "-default-exit")
	assert.Equal(t, 3, status)
	assert.Contains(t, stderr, "no license server reached: 3 heartbeats in a row failed")
	assert.Contains(t, stderr, "features:      cad\n")
	for _, part := range []string{"1. Check out", "heartbeat 2:", "resumed", "taken again", "not granted: NoSeats", "FailedOver"} {
		assert.Contains(t, stdout, part)
	}
	assert.NotContains(t, stdout, "\x1b", "a pipe is no terminal")
}

func TestAPlayInWhichSomethingIsMissingSaysWhat(t *testing.T) {
	p := &play{seen: make(chan messages.Event, 1)}
	p.seen <- messages.CheckedOut{Claim: cad}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorContains(t, p.await(over, "CheckedOut render", "Exited"), "there was no CheckedOut render, Exited")
}

func TestFeaturesAreHeldOnRunningServersUntilInterrupted(t *testing.T) {
	t.Parallel()
	files := writeCerts(t, t.TempDir())
	cmd := program(t, "-servers", files.server(t), "-feature", "cad:2.1:2", "-feature", "render",
		"-ca", files.ca, "-cert", files.cert, "-key", files.key, "-interval", "5s", "-json")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())

	var told []string
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		e := readEvents(t, lines.Text())[0]
		if told = append(told, e.Event+" "+e.Feature); len(told) == 2 {
			assert.Equal(t, 3, files.seatsInUse(t))
			require.NoError(t, cmd.Process.Signal(os.Interrupt))
		}
	}
	require.NoError(t, cmd.Wait(), stderr.String())
	assert.Equal(t, []string{"CheckedOut cad", "CheckedOut render"}, told[:2])
	assert.ElementsMatch(t, []string{"CheckedIn cad", "CheckedIn render"}, told[2:])
	assert.Zero(t, files.seatsInUse(t))
	assert.Empty(t, stderr.String())
}

func TestARefusalIsShownServerByServer(t *testing.T) {
	t.Parallel()
	files := writeCerts(t, t.TempDir())
	status, _, stderr := runProgram(t, "-servers", "127.0.0.1:1,"+files.server(t), "-feature", "cad:2.1:3",
		"-ca", files.ca, "-cert", files.cert, "-key", files.key)
	assert.Equal(t, 1, status)
	assert.Contains(t, stderr, "\n  127.0.0.1:1: Unanswered, ")
	assert.Contains(t, stderr, "\n    is the server running")
	assert.Contains(t, stderr, ": NoSeats, ")
}

func TestACertificateOfAnotherAuthorityIsHintedAt(t *testing.T) {
	t.Parallel()
	files, strange := writeCerts(t, t.TempDir()), writeCerts(t, t.TempDir())
	status, _, stderr := runProgram(t, "-servers", files.server(t), "-feature", "cad",
		"-ca", strange.ca, "-cert", files.cert, "-key", files.key)
	assert.Equal(t, 1, status)
	assert.Contains(t, stderr, "\n    -ca has to be")
}

// A server with TLS ends the connection; whether the client sees that while it reads or while it writes is chance.
func TestEveryCauseHasItsHint(t *testing.T) {
	for cause, want := range map[string]string{
		"connect lic1:6200: authentication handshake failed: tls: failed to verify certificate: x509: unknown authority": "-ca has to be",
		"connect lic1:6200: error reading server preface: remote error: tls: unknown certificate authority":              "-ca has to be",
		"connect lic1:6200: authentication handshake failed: tls: first record does not look like a TLS handshake":       "both sides with TLS",
		"connect lic1:6200: write tcp 127.0.0.1:1->127.0.0.1:6200: write: broken pipe":                                   "both sides with TLS",
		"connect lic1:6200: error reading server preface: EOF":                                                           "both sides with TLS",
		"connect lic1:6200: dial tcp 127.0.0.1:6200: connect: connection refused":                                        "is the server running",
	} {
		assert.Contains(t, hint(cause), want, cause)
	}
}

func TestWrongFlagsEndWithStatus2(t *testing.T) {
	t.Parallel()
	status, stdout, stderr := runProgram(t, "-servers", "lic1")
	assert.Equal(t, 2, status)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "-servers")
}

func TestHelpGoesToStandardOutput(t *testing.T) {
	t.Parallel()
	status, stdout, stderr := runProgram(t, "-help")
	assert.Equal(t, 0, status)
	assert.Equal(t, help, stdout)
	assert.Empty(t, stderr)
}

// certFiles are the files that the flags name, and the server that trusts them.
type certFiles struct {
	ca, cert, key string
	certs         *authority
	running       *licenseServer
}

func writeCerts(t *testing.T, dir string) *certFiles {
	t.Helper()
	certs, err := newAuthority()
	require.NoError(t, err)
	client, err := certs.client("test")
	require.NoError(t, err)
	key, err := x509.MarshalPKCS8PrivateKey(client.Certificates[0].PrivateKey)
	require.NoError(t, err)
	write := func(name, kind string, der []byte) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		return file
	}
	return &certFiles{
		ca:    write("ca.pem", "CERTIFICATE", certs.cert.Raw),
		cert:  write("me.pem", "CERTIFICATE", client.Certificates[0].Certificate[0]),
		key:   write("me.key", "PRIVATE KEY", key),
		certs: certs,
	}
}

// server starts a licence server and returns its address.
func (f *certFiles) server(t *testing.T) string {
	t.Helper()
	tlsConfig, err := f.certs.server()
	require.NoError(t, err)
	f.running = newLicenseServer(tlsConfig)
	require.NoError(t, f.running.start())
	t.Cleanup(func() { assert.NoError(t, f.running.stop()) })
	return string(f.running.address)
}

func (f *certFiles) seatsInUse(t *testing.T) (used int) {
	t.Helper()
	status, err := f.running.life.Status(t.Context())
	require.NoError(t, err)
	for _, feature := range status.Features {
		used += feature.Used
	}
	return used
}
