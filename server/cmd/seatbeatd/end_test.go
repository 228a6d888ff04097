//go:build unix

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/transport/wire"
)

// serveInto starts a development server whose standard error goes to a file, such as a pipe that nobody reads.
func serveInto(t *testing.T, folder string, standardError *os.File, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(programPath, append([]string{
		"serve", "--dev", "--dev-folder", folder, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--drain", "0s",
	}, args...)...)}
	p.cmd.Stderr = standardError
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	})
	require.NoError(t, json.NewDecoder(bufio.NewReader(out)).Decode(&p.ready))
	return p
}

// fullPipe returns a pipe into which nothing more can be written.
func fullPipe(t *testing.T) (read, write *os.File) {
	t.Helper()
	read, write, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = read.Close()
		_ = write.Close()
	})
	fd := int(write.Fd()) // Fd makes it blocking
	require.NoError(t, syscall.SetNonblock(fd, true))
	for size := 4096; size > 0; {
		if _, err := syscall.Write(fd, make([]byte, size)); err != nil {
			size /= 2
		}
	}
	require.NoError(t, syscall.SetNonblock(fd, false))
	return read, write
}

// endsSoon asks a server to stop and returns its exit status. It fails the test when the server is still alive after a
// minute.
func (p *process) endsSoon() int {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = p.cmd.Wait()
	}()
	select {
	case <-ended:
	case <-time.After(waitTime):
		p.t.Fatal("the server lives on")
	}
	return p.cmd.ProcessState.ExitCode()
}

// A server whose standard error was a full pipe answered nobody and ignored SIGTERM.
func TestAServerWhoseLogNobodyReadsServesAndEnds(t *testing.T) {
	_, full := fullPipe(t)
	folder := t.TempDir()
	p := serveInto(t, folder, full)
	c := connect(t, p, folder)
	for range 20 {
		p.signal(syscall.SIGHUP) // each is logged
		time.Sleep(time.Millisecond)
	}
	assert.Equal(t, wire.Result_RESULT_GRANTED, c.takes("f1", 1).Result)
	assert.Equal(t, 0, p.endsSoon())
}

// A server whose standard error had lost its reader was killed by SIGPIPE, undrained.
func TestAServerWhoseLogHasLostItsReaderServesOn(t *testing.T) {
	read, write, err := os.Pipe()
	require.NoError(t, err)
	folder := t.TempDir()
	p := serveInto(t, folder, write)
	require.NoError(t, write.Close())
	require.NoError(t, read.Close())
	for range 20 {
		p.signal(syscall.SIGHUP)
		time.Sleep(time.Millisecond)
	}
	assert.Equal(t, wire.Result_RESULT_GRANTED, connect(t, p, folder).takes("f1", 1).Result)
	assert.Equal(t, 0, p.endsSoon())
}

// A backup whose reader stood still kept the server alive until the write timed out, after ten minutes.
func TestABackupWhoseReaderStandsStillHoldsUpNoEnd(t *testing.T) {
	folder := t.TempDir()
	p := serveDev(t, folder)
	c := connect(t, p, folder)
	for range 400 { // so that the copy does not fit into the buffers of the connection
		takes := make([]*wire.Take, 50)
		for i := range takes {
			takes[i] = &wire.Take{Request: random(), Feature: strings.Repeat("none", 30), Major: 1, Count: 1}
		}
		for i := range 10 {
			takes[i].Feature = "f2"
		}
		reply, err := c.seats.Checkout(t.Context(), &wire.CheckoutRequest{Caller: c.caller, Takes: takes})
		require.NoError(t, err)
		var leases []byte
		for _, o := range reply.Outcomes {
			leases = append(leases, o.Lease...)
		}
		_, err = c.seats.Checkin(t.Context(), &wire.CheckinRequest{Caller: c.caller, Leases: leases})
		require.NoError(t, err)
	}
	token, err := os.ReadFile(filepath.Join(folder, tokenFile))
	require.NoError(t, err)
	dialer := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) })
	}}
	conn, err := dialer.DialContext(context.Background(), "tcp", p.ready.Admin)
	require.NoError(t, err)
	defer conn.Close()
	request, err := http.NewRequest(http.MethodGet, "http://"+p.ready.Admin+"/v1/backup", nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	require.NoError(t, request.Write(conn))
	_, err = conn.Read(make([]byte, 1))
	require.NoError(t, err, "the backup has begun")
	assert.Equal(t, 0, p.endsSoon())
}

// A health Watch and a connection that says nothing held up the end for as long as calls in progress might take.
func TestASilentConnectionOfAClientHoldsUpNoEnd(t *testing.T) {
	folder := t.TempDir()
	p := serveDev(t, folder)
	silent, err := net.Dial("tcp", p.ready.Address)
	require.NoError(t, err)
	defer silent.Close()
	assert.Equal(t, 0, p.endsSoon())
}

// A signal to stop that came while the server started ended it with status 1 or 143.
func TestAStopAtAnyMomentOfTheStartEndsWithStatus0(t *testing.T) {
	folder := t.TempDir()
	serveDev(t, folder).stops() // makes the certificates
	for wait := time.Duration(0); wait < 90*time.Millisecond; wait += 3 * time.Millisecond {
		cmd := exec.Command(programPath, "serve", "--dev", "--dev-folder", folder, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--drain", "0s")
		var errors strings.Builder
		cmd.Stderr = &errors
		require.NoError(t, cmd.Start())
		awaitMain(t, cmd.Process.Pid)
		time.Sleep(wait)
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		_ = cmd.Wait()
		assert.Equal(t, 0, cmd.ProcessState.ExitCode(), "%s: %s: %s", wait, cmd.ProcessState, errors.String())
	}
}

// awaitMain waits until the main function of a process has ignored SIGPIPE, which it does after it has caught SIGTERM. What
// comes earlier is in the hands of the system.
func awaitMain(t *testing.T, pid int) {
	t.Helper()
	path := fmt.Sprintf("/proc/%d/status", pid)
	if _, err := os.Stat(path); err != nil {
		t.Skip("needs /proc to see which signals a process ignores")
	}
	const pipe = 1 << (int(syscall.SIGPIPE) - 1)
	require.Eventually(t, func() bool {
		status, err := os.ReadFile(path)
		_, mask, found := strings.Cut(string(status), "SigIgn:")
		mask, _, _ = strings.Cut(strings.TrimSpace(mask), "\n")
		ignored, fault := strconv.ParseUint(mask, 16, 64)
		return err == nil && found && fault == nil && ignored&pipe != 0
	}, waitTime, 100*time.Microsecond)
}

// A limited address space was taken for a damaged ledger.
func TestALimitOfTheAddressSpaceIsNoDamageOfTheLedger(t *testing.T) {
	folder := t.TempDir()
	serveDev(t, folder).stops()
	cmd := exec.Command("sh", "-c", `ulimit -v 6000000 && exec "$0" check --ledger "$1"`, programPath, filepath.Join(folder, "ledger"))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	cmd = exec.Command("sh", "-c", `ulimit -v 6000000 && exec "$0" serve --dev --dev-folder "$1" --listen 127.0.0.1:0 --admin off --drain 0s`, programPath, folder)
	ready, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(ready).ReadString('\n')
	require.NoError(t, err)
	assert.Contains(t, line, `"ready":true`)
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait())
}
