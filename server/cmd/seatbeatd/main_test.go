package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// seatbeatd is the program under test, built once.
var seatbeatd string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		folder, err := os.MkdirTemp("", "seatbeatd-test")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(folder)
		seatbeatd = filepath.Join(folder, "seatbeatd")
		if out, err := exec.Command("go", "build", "-o", seatbeatd, ".").CombinedOutput(); err != nil {
			panic(fmt.Sprintf("build seatbeatd: %v\n%s", err, out))
		}
		return m.Run()
	}())
}

// result is what a run of the program left.
type result struct {
	status      int
	out, errors string
}

// seatbeatdRuns runs the program to its end, with variables like "SEATBEATD_LISTEN=..." in its environment.
func seatbeatdRuns(t *testing.T, variables []string, args ...string) result {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), seatbeatd, args...)
	cmd.Env = append(os.Environ(), variables...)
	var out, errors bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errors
	if err := cmd.Run(); cmd.ProcessState == nil {
		require.NoError(t, err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errors.String()}
}

// process is a server that runs. A test that does not stop it leaves that to the end of the test.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	ready  ready
	log    lockedBuffer
	status chan int
}

// serve starts a server and waits until it is ready.
func serve(t *testing.T, variables []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, status: make(chan int, 1)}
	p.cmd = exec.Command(seatbeatd, append([]string{"serve", "--drain", "0s", "--admin", "127.0.0.1:0"}, args...)...)
	p.cmd.Env = append(os.Environ(), variables...)
	p.cmd.Stderr = &p.log
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		p.cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	require.NoError(t, err, "the server did not become ready: %s", &p.log)
	require.NoError(t, json.Unmarshal(line, &p.ready))
	require.True(t, p.ready.Ready)
	return p
}

// serveDev starts a server for development in a folder and at a port of its own.
func serveDev(t *testing.T, folder string, args ...string) *process {
	t.Helper()
	return serve(t, nil, append([]string{"--dev", "--dev-folder", folder, "--listen", "127.0.0.1:0"}, args...)...)
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(s))
}

// stops asks the server to stop and returns its status.
func (p *process) stops() int {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	p.cmd.Wait()
	return p.cmd.ProcessState.ExitCode()
}

// lockedBuffer is written by one goroutine and read by another.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(text)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestHelpOfEachCommandHasExamples(t *testing.T) {
	for _, command := range [][]string{{}, {"serve"}, {"status"}, {"release"}, {"reload"}, {"backup"}, {"check"}, {"certs"}, {"keygen"}, {"sign"}, {"inspect"}} {
		r := seatbeatdRuns(t, nil, append(command, "--help")...)
		assert.Equal(t, 0, r.status, command)
		assert.Contains(t, r.out, "\n    seatbeatd ", command)
	}
}

func TestHelpTellsDefaults(t *testing.T) {
	assert.Contains(t, seatbeatdRuns(t, nil, "serve", "--help").out, "Default 127.0.0.1:6200.")
}

func TestWrongUsageEndsWithStatus2AndSaysWhatIsExpected(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "expected one of"},
		{[]string{"sevre"}, `did you mean "serve"`},
		{[]string{"serve", "--ledgre", "x"}, `did you mean "--ledger"`},
		{[]string{"serve"}, "--ledger is missing"},
		{[]string{"serve", "--dev", "--drain", "2h"}, "expected is 0s to 1m"},
		{[]string{"serve", "--dev", "--drain", "soon"}, "--drain"},
		{[]string{"serve", "--dev", "--waiting", "0"}, "--waiting is 0: expected is 1 to"},
		{[]string{"serve", "--dev", "--client-waiting", "-1"}, "--client-waiting"},
		{[]string{"serve", "--dev", "--source-connections", "0"}, "--source-connections is 0: expected is 1 to"},
		{[]string{"serve", "--dev", "--client-timeout", "1ms"}, "--client-timeout is 1ms: expected is 100ms to 24h"},
		{[]string{"serve", "--dev", "--ledger", "x"}, "leave out --ledger"},
		{[]string{"serve", "--dev", "--listen", "0.0.0.0:0"}, "--dev serves this machine only"},
		{[]string{"serve", "--dev-folder", "x", "--ledger", "x"}, "--dev-folder is for --dev"},
		{[]string{"serve", "--dev", "--admin", "0.0.0.0:0"}, "expected is an address on loopback"},
		{[]string{"status"}, "--admin-token is missing"},
		{[]string{"status", "--admin", "192.0.2.1:1", "--admin-token", "x"}, "expected is an address on loopback"},
		{[]string{"release"}, "<lease>"},
		{[]string{"backup"}, "--out"},
		{[]string{"check"}, "--ledger is missing"},
		{[]string{"certs", "--client", "ada"}, "--out is missing"},
		{[]string{"certs", "--out", "x"}, "--server or --client is missing"},
		{[]string{"certs", "--out", "x", "--client", "../ada"}, "expected are up to 64 letters"},
		{[]string{"certs", "--out", "x", "--client", "ca"}, "not ca or server"},
		{[]string{"certs", "--out", "x", "--server", "lic1:6200"}, "without a port"},
		{[]string{"serve", "--config", "testdata/none.yaml"}, "no such file"},
	} {
		r := seatbeatdRuns(t, nil, c.args...)
		assert.Equal(t, 2, r.status, c.args)
		assert.Contains(t, r.errors, c.want, c.args)
		assert.Contains(t, r.errors, "--help", c.args)
		assert.Empty(t, r.out, c.args)
	}
}
