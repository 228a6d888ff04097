//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// piped is a quickstart whose standard output is a pipe that a test reads, or not.
type piped struct {
	*testing.T
	*exec.Cmd
	read   *os.File
	lines  *bufio.Scanner // of read
	stderr bytes.Buffer
}

// start starts the quickstart. If the pipe is to be full, there is no room in it for what the program prints.
func start(t *testing.T, full bool, args ...string) *piped {
	t.Helper()
	read, write, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { _ = read.Close() })
	if full {
		require.NoError(t, write.SetWriteDeadline(time.Now().Add(100*time.Millisecond)))
		_, err := write.Write(make([]byte, 1<<20)) // more than any pipe has room for
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	}
	p := &piped{T: t, Cmd: program(t, args...), read: read, lines: bufio.NewScanner(read)}
	p.Stdout, p.Stderr = write, &p.stderr
	if full {
		p.Env = append(p.Env, asProgram+"="+mayLeak) // what is stuck in the pipe
	}
	require.NoError(t, p.Start())
	require.NoError(t, write.Close())
	return p
}

// until reads up to a line that contains a text.
func (p *piped) until(text string) {
	p.Helper()
	for p.lines.Scan() {
		if strings.Contains(p.lines.Text(), text) {
			return
		}
	}
	status := p.end(time.Second) // which completes stderr
	require.Fail(p, "the program ended first", "%q was not printed; status %d: %s", text, status, &p.stderr)
}

// end waits for the end of the program, within a time, and returns its status.
func (p *piped) end(within time.Duration) int {
	p.Helper()
	ended := make(chan error, 1)
	go func() { ended <- p.Wait() }()
	select {
	case err := <-ended:
		return statusOf(p.T, err)
	case <-time.After(within):
		require.Fail(p, "the program does not end")
		return -1
	}
}

func TestThePlayEndsQuietlyWhenItsReaderHasGone(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{"-fast", "-json"} {
		p := start(t, false, arg)
		for range 3 {
			require.True(t, p.lines.Scan())
		}
		require.NoError(t, p.read.Close())
		assert.Zero(t, p.end(10*time.Second))
		assert.Empty(t, p.stderr.String())
	}
}

func TestThePlayEndsWhenNobodyReads(t *testing.T) {
	t.Parallel()
	p := start(t, true, "-fast")
	assert.Equal(t, failed, p.end(playTime+2*lastWords+5*time.Second))
	assert.Contains(t, p.stderr.String(), "does nobody read its output?")
}

func TestThePlayIsInterruptedAtAnyStep(t *testing.T) {
	t.Parallel()
	var starting sync.Mutex // calls time out when many programs start at once on a busy machine
	started := func(t *testing.T, step int) *piped {
		starting.Lock()
		defer starting.Unlock()
		p := start(t, false, "-fast")
		p.until(fmt.Sprintf("%d/9  ", step))
		return p
	}
	for step := 1; step <= 9; step++ {
		t.Run(fmt.Sprint(step), func(t *testing.T) {
			t.Parallel()
			p := started(t, min(step, 3))
			if step > 3 {
				p.until(fmt.Sprintf("%d/9  ", step))
			}
			require.NoError(t, p.Process.Signal(os.Interrupt))
			assert.Equal(t, interrupted, p.end(5*time.Second))
			assert.Equal(t, "quickstart: interrupted\n", p.stderr.String())
		})
	}
}

func TestAFullDiskIsReported(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full here")
	}
	defer full.Close()
	cmd := program(t, "-fast")
	var stderr strings.Builder
	cmd.Stdout, cmd.Stderr = full, &stderr
	assert.Equal(t, failed, statusOf(t, cmd.Run()))
	assert.Contains(t, stderr.String(), syscall.ENOSPC.Error())
}

// startHold starts a quickstart that holds 3 seats of a server.
func startHold(t *testing.T, full bool, timeout time.Duration, args ...string) (*piped, *certFiles) {
	t.Helper()
	files := writeCerts(t)
	files.clientTimeout = timeout
	p := start(t, full, append([]string{"-servers", files.server(t), "-feature", "cad:2.1:1", "-feature", "render:1.0:2",
		"-ca", files.ca, "-cert", files.cert, "-key", files.key}, args...)...)
	return p, files
}

func TestFeaturesAreHeldOnRunningServersUntilInterrupted(t *testing.T) {
	t.Parallel()
	p, files := startHold(t, false, clientTimeout, "-interval", "5s", "-json")
	var events []string
	for p.lines.Scan() {
		e := readEvents(t, p.lines.Text())[0]
		if events = append(events, e.Event+" "+e.Feature); len(events) == 2 {
			assert.Equal(t, 3, files.seatsInUse(t))
			require.NoError(t, p.Process.Signal(os.Interrupt))
		}
	}
	assert.Zero(t, p.end(5*time.Second))
	assert.Equal(t, []string{"CheckedOut cad", "CheckedOut render"}, events[:2])
	assert.ElementsMatch(t, []string{"CheckedIn cad", "CheckedIn render"}, events[2:])
	assert.Zero(t, files.seatsInUse(t))
	assert.Empty(t, p.stderr.String())
}

func TestSeatsAreGivenBackWhenTheReaderHasGone(t *testing.T) {
	t.Parallel()
	p, files := startHold(t, false, clientTimeout, "-interval", "1s", "-attempts", "1000")
	p.until("Ctrl-C")
	require.NoError(t, p.read.Close())
	require.NoError(t, files.running.stop())
	require.NoError(t, files.running.start()) // which is printed
	assert.Zero(t, p.end(10*time.Second))
	assert.Empty(t, p.stderr.String())
	assert.Zero(t, files.seatsInUse(t))
}

func TestHeartbeatsGoOnWhenNobodyReads(t *testing.T) {
	t.Parallel()
	p, files := startHold(t, true, 3*time.Second, "-interval", "1s", "-attempts", "1000")
	require.Eventually(t, func() bool { return files.seatsInUse(t) == 3 }, 10*time.Second, 10*time.Millisecond)
	assert.Never(t, func() bool { return files.seatsInUse(t) < 3 }, 5*time.Second, 10*time.Millisecond)
	require.NoError(t, p.Process.Signal(os.Interrupt))
	assert.Zero(t, p.end(closeTime+3*lastWords))
	assert.Zero(t, files.seatsInUse(t))
}
