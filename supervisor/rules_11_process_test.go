package supervisor

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
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
