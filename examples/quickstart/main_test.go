package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seatbeat/seatbeat/messages"
)

// asProgram makes the test's binary be the quickstart. Unless it is mayLeak, the program must not leave a goroutine behind.
const (
	asProgram = "SEATBEAT_TEST_QUICKSTART"
	mayLeak   = "may leak"
)

// TestMain is the program, or runs the tests. Neither leaves a goroutine behind.
func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "" {
		_ = flag.Set("test.parallel", "8") // the tests wait for programs, which wait for heartbeats
		goleak.VerifyTestMain(m)
		return
	}
	status := run(os.Args[1:])
	if err := goleak.Find(); err != nil && os.Getenv(asProgram) != mayLeak {
		fmt.Fprintln(os.Stderr, err)
		status = 99
	}
	os.Exit(status)
}

// program returns the quickstart with arguments, to be started. It is killed when it hangs.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
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
	return statusOf(t, cmd.Run()), out.String(), errs.String()
}

// statusOf returns the status of a program, by the error of its Run or Wait.
func statusOf(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	return exit.ExitCode()
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
		{Event: "ConnectionLost", Failed: attempts},
		{Event: "RetryingFeature", Feature: "cad"},
		{Event: "CheckoutSucceeded", Feature: "cad"},
		{Event: "FailedOver", Feature: "cad"},
		{Event: "ConnectionLost", Failed: attempts},
		{Event: "LicenseLost", Feature: "cad", Reason: "GaveUp"},
		{Event: "Exited", Failed: attempts},
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

// played is what the play prints into a file, in one run for all tests that look at it.
var played = sync.OnceValue(func() string {
	file, err := os.CreateTemp("", "seatbeat-quickstart-")
	if err != nil {
		return err.Error()
	}
	defer os.Remove(file.Name())
	defer file.Close()
	cmd := exec.Command(os.Args[0], "-fast")
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stdout, cmd.Stderr = file, file
	if err := cmd.Run(); err != nil {
		return err.Error()
	}
	text, _ := os.ReadFile(file.Name())
	return string(text)
})

func TestThePlayIsExplainedToPeople(t *testing.T) {
	t.Parallel()
	for _, part := range []string{
		"\n1/9  Two licence servers start\n", "heartbeat 2: S1 keeps", "refused, since both seats are in use (NoSeats)",
		"cad x1: resumed", "cad x1: granted anew", "render x3: refused (NoSeats)", "FailedOver         S2", "OnExit was called",
	} {
		assert.Contains(t, played(), part)
	}
	assert.Regexp(t, "\nTo read next: .*\n$", played())
}

func TestThePlayFitsATerminalAndNamesEachAddressOnce(t *testing.T) {
	t.Parallel()
	for line := range strings.Lines(played()) {
		assert.LessOrEqual(t, len(strings.TrimRight(line, "\n")), 80, line)
	}
	assert.Equal(t, 2, strings.Count(played(), "127.0.0.1:"))
}

func TestAFileIsNotPaintedOn(t *testing.T) {
	t.Parallel()
	assert.NotContains(t, played(), "\x1b")
}

func TestThePicturesShowWhoHoldsWhichSeats(t *testing.T) {
	t.Parallel()
	var pictures []string
	for line := range strings.Lines(played()) {
		if strings.HasPrefix(line, "    S1     ") || strings.HasPrefix(line, "    S2     ") {
			pictures = append(pictures, strings.TrimSpace(line))
		}
	}
	const free = "S2     [ ] [ ]  [ ] [ ] [ ] [ ]"
	assert.Equal(t, []string{
		"S1     [ ] [ ]  [ ] [ ] [ ] [ ]", free,
		"S1     [A] [ ]  [A] [A] [A] [ ]", free,
		"S1     [A] [B]  [A] [A] [A] [ ]", free,
		"S1     [A] [ ]  [A] [A] [A] [ ]", free, // after the restart
		"S1     [A] [ ]  [A] [A] [A] [ ]", free, // after the loss of the ledger
		"S1     [A] [ ]  [B] [B] [ ] [ ]", free,
		"S1     stopped", "S2     [A] [ ]  [ ] [ ] [ ] [ ]",
	}, pictures)
}

func TestThePlayEndsWithStatus3WithoutOnExit(t *testing.T) {
	t.Parallel()
	status, stdout, stderr := runProgram(t, "-fast", "-default-exit")
	assert.Equal(t, builtInExit, status)
	assert.Contains(t, stderr, "no licence server reached: 2 heartbeats failed in a row")
	assert.Contains(t, stderr, "features:      cad\n")
	assert.Contains(t, stdout, "FailedOver")
	assert.NotContains(t, stdout, "OnExit was called")
	assert.NotContains(t, stdout, "\x1b", "a pipe is no terminal")
}

func TestAPlayInWhichSomethingIsMissingSaysWhat(t *testing.T) {
	s := make(seen, 1)
	s <- messages.CheckedOut{Claim: cad}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorContains(t, s.await(over, "CheckedOut render", "Exited"), "there was no CheckedOut render, Exited")
}

func TestWrongFlagsEndWithStatus2(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"-servers", "lic1"},
		{"-servers", "lic1:6200", "-feature", "cad", "-cert", "missing.pem", "-key", "missing.key"},
	} {
		status, stdout, stderr := runProgram(t, args...)
		assert.Equal(t, wrongFlags, status)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, "-") // the flag
	}
}

func TestHelpGoesToStandardOutput(t *testing.T) {
	t.Parallel()
	status, stdout, stderr := runProgram(t, "-help")
	assert.Equal(t, 0, status)
	assert.Equal(t, help, stdout)
	assert.Empty(t, stderr)
}
