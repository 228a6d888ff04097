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
	chaosSchedules = flag.Int("chaos.schedules", 0, "how many random schedules TestChaos plays")
	chaosFiles     = flag.String("chaos.files", "testdata/chaos/*.txt", "the scripts that TestChaosReplays plays")
	chaosTrace     = flag.Bool("chaos.trace", false, "print the steps, the calls and the events of every schedule")
)

// chaosDefault is how many schedules are played unless -chaos.schedules or SEATBEAT_SCHEDULES says otherwise.
const chaosDefault = 300

// chaosPatience is how long, on a real clock, one schedule may take: it takes milliseconds. A loop at one virtual instant
// takes for ever.
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

// TestChaos plays random schedules and checks what must hold on any of them: no seat is leaked or taken twice, every
// feature that lives is beaten, every pair of events is closed, nobody exits while a server answers, nothing is left
// after Close. A schedule that fails is printed as a script: keep it in testdata/chaos once it is understood.
func TestChaos(t *testing.T) {
	set(t, "rapid.checks", strconv.Itoa(schedules()))
	set(t, "rapid.nofailfile", "true")
	set(t, "rapid.shrinktime", "1ns") // we shrink the script instead
	failed, how := "", ""
	defer func() {
		if failed != "" {
			script, wrong := shrink(t, failed, how)
			t.Logf("the smallest script that fails:\n%s\n%s", wrong, script)
		}
	}()
	rapid.Check(t, func(rt *rapid.T) {
		script := drawScript(rt)
		if wrong := watched(t, script); wrong != "" {
			if failed == "" {
				failed, how = script, wrong
			}
			rt.Fatalf("%s\n%s", wrong, script)
		}
	})
}

// watched plays a script under the eyes of a real clock.
func watched(t *testing.T, script string) string {
	watchdog := time.AfterFunc(chaosPatience, func() { panic(fmt.Sprintf("virtual time stands still in\n%s", script)) })
	defer watchdog.Stop()
	return playScript(t, script)
}

// TestChaosReplays plays the schedules that once failed.
func TestChaosReplays(t *testing.T) {
	scripts, err := filepath.Glob(*chaosFiles)
	require.NoError(t, err)
	for _, path := range scripts {
		t.Run(filepath.Base(path), func(t *testing.T) {
			script, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Empty(t, watched(t, string(script)))
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
