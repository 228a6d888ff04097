package outagefile

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
)

// These variables tell a child process, which runs the test's own program, its outage file and its name.
const (
	outageFileOfChild = "SEATBEAT_TEST_OUTAGE_FILE"
	nameOfChild       = "SEATBEAT_TEST_NAME"
)

// child is a child process that uses an outage file.
type child struct {
	cmd   *exec.Cmd
	stdin io.Closer
	lines *bufio.Scanner // its output
}

// startChild runs this test in a child process.
func startChild(t *testing.T, path, name string) *child {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
	cmd.Env = append(os.Environ(), outageFileOfChild+"="+path, nameOfChild+"="+name)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	return &child{cmd: cmd, stdin: stdin, lines: bufio.NewScanner(stdout)}
}

// says returns the next lines of output, at most this many.
func (c *child) says(most int) []string {
	var lines []string
	for len(lines) < most && c.lines.Scan() {
		lines = append(lines, c.lines.Text())
	}
	return lines
}

// kill kills the process and returns its output up to then.
func (c *child) kill(t *testing.T) []string {
	t.Helper()
	require.NoError(t, c.cmd.Process.Kill())
	rest := c.says(1 << 20)
	require.Error(t, c.cmd.Wait())
	return rest
}

// hammer runs in a child: it merges restarts, prints those that were merged, and waits for the parent.
func hammer(path string, merges int) {
	store := NewFileStore(path)
	store.compact = 10_000
	for n := range merges {
		boot, now := fmt.Sprintf("%s-%d", os.Getenv(nameOfChild), n), time.Now()
		shared := fmt.Sprintf("all-%d", n%10)
		_, err := store.Merge(context.Background(), "S1", outagesOf(
			messages.Outage{BootID: boot, Restart: true, Down: now, Up: now},
			messages.Outage{BootID: shared, Restart: true, Down: now, Up: now},
		))
		endOn(err)
		say(boot, shared)
	}
	awaitParent()
}

// say prints lines for the parent.
func say(lines ...string) {
	_, err := os.Stdout.WriteString(strings.Join(lines, "\n") + "\n")
	endOn(err)
}

// awaitParent ends the child when the parent closes its input, or ends.
func awaitParent() {
	_, err := io.Copy(io.Discard, os.Stdin)
	endOn(err)
	os.Exit(0)
}

func endOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// bootsIn returns the BootIDs of the restarts in the file.
func bootsIn(t *testing.T, path string) []string {
	t.Helper()
	known, err := NewFileStore(path).Load(t.Context())
	require.NoError(t, err)
	var boots []string
	for _, o := range known["S1"].Outages {
		boots = append(boots, o.BootID)
	}
	return boots
}

func TestFileStoreLosesAndDoublesNothingBetweenProcesses(t *testing.T) {
	const children, merges = 4, 25
	if path := os.Getenv(outageFileOfChild); path != "" {
		hammer(path, merges)
	}
	path := newFixture(t).path
	var running []*child
	for n := range children {
		running = append(running, startChild(t, path, fmt.Sprint("c", n)))
	}
	said := make(map[string]bool)
	for _, c := range running {
		for _, boot := range c.says(2 * merges) {
			said[boot] = true
		}
		require.NoError(t, c.stdin.Close())
		require.NoError(t, c.cmd.Wait())
	}
	require.Len(t, said, children*merges+10)
	assert.ElementsMatch(t, slices.Collect(maps.Keys(said)), bootsIn(t, path))
}

// Whenever processes are killed, every outage whose Merge returned is in the file. Besides these there are at most those of
// the one Merge that each killed process was in.
func TestFileStoreSurvivesProcessesThatAreKilled(t *testing.T) {
	if path := os.Getenv(outageFileOfChild); path != "" {
		hammer(path, 80)
	}
	const rounds, children = 3, 3
	path := newFixture(t).path
	said := make(map[string]bool)
	for round := range rounds {
		var running []*child
		for n := range children {
			running = append(running, startChild(t, path, fmt.Sprint("r", round, "c", n)))
		}
		for n, c := range running {
			for _, boot := range slices.Concat(c.says(10+20*n), c.kill(t)) {
				said[boot] = true
			}
		}
	}
	boots := bootsIn(t, path)
	assert.Len(t, slices.Compact(slices.Sorted(slices.Values(boots))), len(boots), "nothing is there twice")
	assert.Subset(t, boots, slices.Collect(maps.Keys(said)))
	assert.LessOrEqual(t, len(boots), len(said)+2*rounds*children)
}

func TestFileStoreWaitsForAHungProcessUntilItsContextEnds(t *testing.T) {
	if path := os.Getenv(outageFileOfChild); path != "" {
		hang(path)
	}
	l := newFixture(t)
	other := startChild(t, l.path, "")
	require.Equal(t, []string{"locked"}, other.says(1))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := l.store().Merge(ctx, "S1", outagesOf(l.restart("b1", 1)))
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "lock outage file "+l.path)
	_, err = l.store().Load(ctx)
	assert.ErrorIs(t, err, context.DeadlineExceeded)

	other.kill(t)
	l.merge("S1", l.restart("b1", 1))
	assert.Len(t, l.load()["S1"].Outages, 1)
}

// hang runs in a child: it takes the lock and keeps it.
func hang(path string) {
	endOn(flock.New(path + ".lock").Lock())
	say("locked")
	awaitParent()
}
