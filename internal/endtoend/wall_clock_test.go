package endtoend

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor/outagefile"
)

// These tests move the real wall clock of a process by itself, from outside of seatbeat, and leave its monotonic clock alone:
// what a machine that slept does to its programs. A test that puts a clock of its own in cannot tell whether the
// real one is read at all.

// clockProgram is this test program, built with a time.Now whose wall clock can be moved.
var clockProgram = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "seatbeat-clock-")
	if err != nil {
		return "", err
	}
	overlay, err := writeOverlay(folder)
	if err != nil {
		return "", err
	}
	program := filepath.Join(folder, "program.test")
	out, err := exec.Command("go", "test", "-c", "-tags", "wallshift", "-overlay", overlay, "-o", program, ".").CombinedOutput()
	if err != nil {
		return "", &buildError{err, out}
	}
	return program, nil
})

type buildError struct {
	err error
	out []byte
}

func (e *buildError) Error() string { return e.err.Error() + "\n" + string(e.out) }

// writeOverlay writes a copy of the file of time.Now that adds wallShift, and the list that puts it in the file's place.
func writeOverlay(folder string) (string, error) {
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	original := filepath.Join(strings.TrimSpace(string(goroot)), "src", "time", "time.go")
	source, err := os.ReadFile(original)
	if err != nil {
		return "", err
	}
	const reads = "\tsec, nsec, mono := runtimeNow()\n\tif mono == 0 {\n\t\treturn Time{uint64(nsec), sec + unixToInternal, Local}"
	if bytes.Count(source, []byte(reads)) != 1 {
		return "", &buildError{os.ErrInvalid, []byte("time.Now of this version of Go does not read the clock as it did")}
	}
	moved := strings.Replace(string(source), reads, strings.Replace(reads, "runtimeNow()\n", "runtimeNow()\n\tsec += wallShift\n", 1), 1)
	moved = strings.Replace(moved, "func Now() Time {", "//go:linkname wallShift\nvar wallShift int64\n\nfunc Now() Time {", 1)
	replacement, overlay := filepath.Join(folder, "time.go"), filepath.Join(folder, "overlay.json")
	list, err := json.Marshal(map[string]map[string]string{"Replace": {original: replacement}})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(replacement, []byte(moved), 0o600); err != nil {
		return "", err
	}
	return overlay, os.WriteFile(overlay, list, 0o600)
}

// runClock starts a program whose wall clock can be moved.
func runClock(t *testing.T, program string, env ...string) *child {
	t.Helper()
	if testing.Short() {
		t.Skip("builds a program")
	}
	path, err := clockProgram()
	require.NoError(t, err)
	return runFile(t, path, program, env...)
}

func (c *child) shift(by time.Duration) {
	c.t.Helper()
	_, err := c.stdin.Write([]byte("shift " + by.String() + "\n"))
	require.NoError(c.t, err)
}

// waitFor waits for an event.
func (c *child) waitFor(event string) {
	c.t.Helper()
	defer time.AfterFunc(time.Minute, func() { _ = c.cmd.Process.Kill() }).Stop()
	for c.lines.Scan() {
		told, _ := strings.CutPrefix(c.lines.Text(), "event ")
		c.events = append(c.events, told)
		if told == event {
			return
		}
	}
	require.Fail(c.t, "the program ended without an event", event)
}

func TestRule17_AWallClockThatJumpsIsTold(t *testing.T) {
	s := newServer(t, 1, time.Minute)
	c := runClock(t, "service", envServer+"="+s.address)
	require.Equal(t, "held", c.answer())
	c.shift(time.Hour)
	c.waitFor("ClockJumped")
	c.ask()
	assert.Equal(t, "held 0", c.answer())
	c.end()
}

func TestRule16_ALeaseIsAsOldAsTheWallClockSays(t *testing.T) {
	s := newServer(t, 1, time.Hour) // by the monotonic clock it would be held for long
	c := runClock(t, "service", envServer+"="+s.address, envEnforce+"=1")
	require.Equal(t, "held", c.answer())
	s.stop()
	c.shift(2 * time.Hour)
	c.waitFor("LicenseLost")
	s.start() // it gets the seat back
	c.end()
	assert.Contains(t, c.events, "LeaseAtRisk")
}

func TestDeadlinesAreTimesOfTheWallClock(t *testing.T) {
	s := newServer(t, 1, time.Minute)
	c := runClock(t, "service", envServer+"="+s.address)
	require.Equal(t, "held", c.answer())
	c.shift(time.Hour)
	c.ask()
	require.Equal(t, "held 0", c.answer())
	_, err := c.stdin.Write([]byte("deadline\n"))
	require.NoError(t, err)
	left, err := time.ParseDuration(c.answer())
	require.NoError(t, err)
	assert.Greater(t, left, time.Duration(0))
	assert.LessOrEqual(t, left, time.Minute)
	c.end()
}

// The deadline of a context may be a time of the wall clock, such as one that came over a network.
func TestRule21_ADeadlineOfTheWallClockIsThatOfTheWallClock(t *testing.T) {
	s := newServer(t, 3, time.Hour)
	c := runClock(t, "service", envServer+"="+s.address, envSlow+"=1")
	require.Equal(t, "held", c.answer())
	for _, by := range []time.Duration{-2 * time.Hour, 5 * time.Hour} {
		c.shift(by)
		_, err := c.stdin.Write([]byte("take\n"))
		require.NoError(t, err)
		assert.Equal(t, "held", c.answer())
	}
	c.end()
}

// outagesAt returns a record of restarts that ended at a time.
func outagesAt(identity messages.Identity, n int, up time.Time) messages.OutageRecord {
	record := messages.OutageRecord{Last: identity}
	for i := range n {
		record.Outages = append(record.Outages, messages.Outage{BootID: fmt.Sprint("b", i), Restart: true, Down: up, Up: up})
	}
	return record
}

// docs/rules.md, section 3, rule 3. The timer of the runtime stands still while a machine sleeps.
func TestOutageLimit_TheWindowHasRoomAgainWhenTheWallClockSaysSo(t *testing.T) {
	s := newServer(t, 1, time.Minute)
	outages := filepath.Join(t.TempDir(), "outages")
	identity := s.server.Identity()
	_, err := outagefile.NewFileStore(outages).Merge(t.Context(), identity.ServerID, outagesAt(messages.Identity{
		ServerID: identity.ServerID, BootID: identity.BootID, Epoch: identity.Epoch,
	}, 11, time.Now().Add(-30*time.Minute)))
	require.NoError(t, err)
	c := runClock(t, "onlooker", envServer+"="+s.address, envOutages+"="+outages)
	c.waitFor("DownLimitExceeded")
	c.shift(31 * time.Minute)
	c.waitFor("AvailabilityRestored")
	c.end()
}

// An outage that lasted while the machine slept ended after the sleep.
func TestOutageLimit_AnOutageInTheStoreHasTheTimeAfterTheSleep(t *testing.T) {
	s := newServer(t, 1, time.Minute)
	outages := filepath.Join(t.TempDir(), "outages")
	c := runClock(t, "service", envServer+"="+s.address, envOutages+"="+outages)
	require.Equal(t, "held", c.answer())
	c.shift(-2 * time.Hour) // back, so that no time is in the future of this test
	c.ask()
	require.Equal(t, "held 0", c.answer())
	began := time.Now().Add(-2 * time.Hour)
	s.restart()
	c.ask()
	require.Equal(t, "held 1", c.answer())
	c.end()
	known, err := outagefile.NewFileStore(outages).Load(t.Context())
	require.NoError(t, err)
	record := known[s.server.Identity().ServerID]
	require.Len(t, record.Outages, 1)
	assert.WithinRange(t, record.Outages[0].Up, began.Add(-time.Minute), time.Now().Add(-2*time.Hour+time.Minute))
}
