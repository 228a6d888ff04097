package supervisor

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

// Variables that tell the test's own program, run as a child process, which outage file to use and what its name is.
const (
	outageFileOfChild = "SEATBEAT_TEST_OUTAGE_FILE"
	nameOfChild       = "SEATBEAT_TEST_NAME"
)

// outageChild is a child process that works on an outage file.
type outageChild struct {
	cmd   *exec.Cmd
	stdin io.Closer
	lines *bufio.Scanner // what it says
}

// startOutageChild runs this test in a child process.
func startOutageChild(t *testing.T, path, name string) *outageChild {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
	cmd.Env = append(os.Environ(), outageFileOfChild+"="+path, nameOfChild+"="+name)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	return &outageChild{cmd: cmd, stdin: stdin, lines: bufio.NewScanner(stdout)}
}

// says returns the next so many lines, or as many as there are.
func (c *outageChild) says(most int) []string {
	var lines []string
	for len(lines) < most && c.lines.Scan() {
		lines = append(lines, c.lines.Text())
	}
	return lines
}

// kill ends the process in the middle of what it does, and returns what it has said by then.
func (c *outageChild) kill(t *testing.T) []string {
	t.Helper()
	require.NoError(t, c.cmd.Process.Kill())
	rest := c.says(1 << 20)
	require.Error(t, c.cmd.Wait())
	return rest
}

// hammer merges restarts, says which ones were merged, and waits for the parent. It is the child's part.
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

// say tells the parent some lines.
func say(lines ...string) {
	_, err := os.Stdout.WriteString(strings.Join(lines, "\n") + "\n")
	endOn(err)
}

// awaitParent ends the child when its parent says so, or ends.
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

// bootsIn returns the lives whose restarts are in the file.
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
	path := newOutageLab(t).path
	var running []*outageChild
	for n := range children {
		running = append(running, startOutageChild(t, path, fmt.Sprint("c", n)))
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

// What a Merge returned for is there, whenever its process and others are killed; what is there besides is at most the one
// that each of them was about.
func TestFileStoreSurvivesProcessesThatAreKilled(t *testing.T) {
	if path := os.Getenv(outageFileOfChild); path != "" {
		hammer(path, 80)
	}
	const rounds, children = 3, 3
	path := newOutageLab(t).path
	said := make(map[string]bool)
	for round := range rounds {
		var running []*outageChild
		for n := range children {
			running = append(running, startOutageChild(t, path, fmt.Sprint("r", round, "c", n)))
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

func TestFileStoreWaitsForAHungProcessNoLongerThanItsContext(t *testing.T) {
	if path := os.Getenv(outageFileOfChild); path != "" {
		hang(path)
	}
	l := newOutageLab(t)
	child := startOutageChild(t, l.path, "")
	require.Equal(t, []string{"locked"}, child.says(1))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := l.store().Merge(ctx, "S1", outagesOf(l.restart("b1", 1)))
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "lock outage file "+l.path)
	_, err = l.store().Load(ctx)
	assert.ErrorIs(t, err, context.DeadlineExceeded)

	child.kill(t)
	l.merge("S1", l.restart("b1", 1))
	assert.Len(t, l.load()["S1"].Outages, 1)
}

// hang takes the lock and keeps it. It is the child's part.
func hang(path string) {
	endOn(flock.New(path + ".lock").Lock())
	say("locked")
	awaitParent()
}
