package supervisor

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var (
	chaosSchedules = flag.Int("chaos.schedules", 0, "how many random schedules TestChaos runs")
	chaosFiles     = flag.String("chaos.files", "testdata/chaos/*.txt", "the scripts that TestChaosReplays runs")
	chaosTrace     = flag.Bool("chaos.trace", false, "print the steps, the calls and the events of every schedule")
)

// chaosDefault is how many schedules TestChaos runs unless -chaos.schedules or SEATBEAT_SCHEDULES is set.
const chaosDefault = 300

// chaosPatience is how long one schedule may take in real time. It takes milliseconds, but a loop at one instant of virtual
// time would never end.
const chaosPatience = time.Minute

func schedules() int {
	if *chaosSchedules > 0 {
		return *chaosSchedules
	}
	if n, err := strconv.Atoi(os.Getenv("SEATBEAT_SCHEDULES")); err == nil && n > 0 {
		return n
	}
	return chaosDefault
}

// TestChaos runs random schedules and checks what must hold for each: no seat is leaked or taken twice, every license that
// lives is beaten, every pair of events is closed, no feature exits while a server answers, and nothing is left after Close.
// A schedule that fails is printed as a script. Keep the script in testdata/chaos once it is understood.
func TestChaos(t *testing.T) {
	t.Parallel()
	set(t, "rapid.checks", strconv.Itoa(schedules()))
	set(t, "rapid.nofailfile", "true")
	set(t, "rapid.shrinktime", "1ns") // shrink makes the script smaller instead
	failed, how := "", ""
	defer func() {
		if failed != "" {
			script, wrong := shrink(t, failed, how)
			t.Logf("the smallest script that fails:\n%s\n%s", wrong, script)
		}
	}()
	rapid.Check(t, func(rt *rapid.T) {
		script := drawScript(rt)
		if wrong := runWatched(t, script); wrong != "" {
			if failed == "" {
				failed, how = script, wrong
			}
			rt.Fatalf("%s\n%s", wrong, script)
		}
	})
}

// runWatched runs a script and panics when it takes longer than chaosPatience.
func runWatched(t *testing.T, script string) string {
	watchdog := time.AfterFunc(chaosPatience, func() { panic(fmt.Sprintf("virtual time stands still in\n%s", script)) })
	defer watchdog.Stop()
	return runScript(t, script)
}

// TestChaosReplays runs the schedules that failed once.
func TestChaosReplays(t *testing.T) {
	scripts, err := filepath.Glob(*chaosFiles)
	require.NoError(t, err)
	for _, path := range scripts {
		t.Run(filepath.Base(path), func(t *testing.T) {
			script, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Empty(t, runWatched(t, string(script)))
		})
	}
}

// set sets a flag for the length of a test.
func set(t *testing.T, name, value string) {
	f := flag.Lookup(name)
	before := f.Value.String()
	require.NoError(t, f.Value.Set(value))
	t.Cleanup(func() { _ = f.Value.Set(before) })
}
