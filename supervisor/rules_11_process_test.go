package supervisor

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// inChild tells a child process, which runs the test's own program, to play its part of the test.
const inChild = "SEATBEAT_TEST_EXIT"

func TestRule11_ByDefaultTheErrorIsPrintedAndTheProcessEndsWithStatus3(t *testing.T) {
	const features = 25
	if os.Getenv(inChild) != "" {
		exitInChild(t, features, nil)
	}
	text := runChild(t)
	assert.Equal(t, `seatbeat: no licence server reached: 2 heartbeats failed in a row
  servers tried: s1:1, s2:1
  last cause:    connect s1:1: server unreachable
  features:      `+strings.Repeat("f2, ", messages.MaxExitedNames-1)+"f2 and 5 more\n", text)
}

func TestRule11_TheDefaultExitDoesNotWaitForHostCode(t *testing.T) {
	if os.Getenv(inChild) != "" {
		exitInChild(t, 1, func(messages.Event) { select {} })
	}
	assert.Contains(t, runChild(t), "features:      f2\n")
}

// exitInChild runs in the child: it lets this many features give up, and does not return.
func exitInChild(t *testing.T, features int, onEvent func(messages.Event)) {
	setup := func(h *harness) {
		attempts(2)(h)
		h.config.Callbacks = Callbacks{}
		h.config.OnEvent = onEvent
		h.server(1).SetSeats("f2", features)
	}
	withHarness(t, 2, setup, func(h *harness) {
		for range features {
			h.checkout()
		}
		h.server(1).Down()
		h.server(2).Down()
		time.Sleep(time.Hour)
	})
	os.Exit(0) // the process should have ended before
}

// A bubble of virtual time is no use here: its time stands still while a goroutine is blocked in a write.
func TestRule11_TheDefaultExitDoesNotWaitForStandardErrorAndIsNotKilledByIt(t *testing.T) {
	if os.Getenv(inChild) != "" {
		exitInRealTime(t)
	}
	for name, pipe := range map[string]func(*testing.T) *os.File{"full": fullPipe, "reader gone": brokenPipe} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			child := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestRule11_TheDefaultExitDoesNotWaitForStandardErrorAndIsNotKilledByIt$", "-test.count=1")
			child.Env = append(os.Environ(), inChild+"=1")
			child.Stderr = pipe(t)
			var exit *exec.ExitError
			require.ErrorAs(t, child.Run(), &exit)
			assert.Equal(t, exitStatus, exit.ExitCode(), exit.String())
		})
	}
}

// exitInRealTime runs in the child: it lets a feature give up, and does not return.
func exitInRealTime(t *testing.T) {
	net := transporttest.NewNetwork()
	server := net.AddServer("s1:1", map[string]int{"f2": 1})
	rt, err := Start(t.Context(), Config{
		Transport: net, Servers: servers(1), Heartbeat: Heartbeat{Attempts: 1, Interval: time.Second},
	})
	require.NoError(t, err)
	_, err = rt.Checkout(t.Context(), messages.Checkout{Feature: "f2"})
	require.NoError(t, err)
	server.Down()
	time.Sleep(time.Hour)
}

// fullPipe returns the end of a pipe that takes no more, because nobody reads.
func fullPipe(t *testing.T) *os.File {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the write to a full pipe cannot be ended there")
	}
	r, w, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	for _, size := range []int{4096, 1} {
		require.NoError(t, w.SetWriteDeadline(time.Now().Add(100*time.Millisecond)))
		for err = nil; err == nil; {
			_, err = w.Write(make([]byte, size))
		}
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	}
	return w
}

// brokenPipe returns the end of a pipe whose reader has gone.
func brokenPipe(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, r.Close())
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// runChild runs this test in a child process, requires status 3, and returns the text on standard error.
func runChild(t *testing.T) string {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
	child.Env = append(os.Environ(), inChild+"=1")
	var stderr strings.Builder
	child.Stderr = &stderr
	var exit *exec.ExitError
	require.ErrorAs(t, child.Run(), &exit)
	require.Equal(t, exitStatus, exit.ExitCode(), stderr.String())
	return stderr.String()
}
