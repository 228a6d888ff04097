package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// programPath is the program under test, built once.
var programPath string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		folder, err := os.MkdirTemp("", "seatbeatd-test")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(folder)
		programPath = filepath.Join(folder, programName)
		if out, err := exec.Command("go", "build", "-o", programPath, ".").CombinedOutput(); err != nil {
			panic(fmt.Sprintf("build seatbeatd: %v\n%s", err, out))
		}
		return m.Run()
	}())
}

// result is what a run of the program left behind.
type result struct {
	status      int
	out, errors string
}

// runProgram runs the program to its end, with extra variables like "SEATBEATD_LISTEN=..." in its environment.
func runProgram(t *testing.T, variables []string, args ...string) result {
	t.Helper()
	return runProgramIn(t, "", variables, args...)
}

// runProgramIn runs the program in a working directory.
func runProgramIn(t *testing.T, folder string, variables []string, args ...string) result {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), programPath, args...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), variables...)
	var out, errors bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errors
	if err := cmd.Run(); cmd.ProcessState == nil {
		require.NoError(t, err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errors.String()}
}

// process is a running server. It is killed at the end of the test if it still runs.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	ready ready
	log   lockedBuffer
}

// serve starts a server and waits until it is ready.
func serve(t *testing.T, args ...string) *process {
	t.Helper()
	return serveIn(t, "", args...)
}

// serveIn starts a server in a working directory and waits until it is ready.
func serveIn(t *testing.T, folder string, args ...string) *process {
	t.Helper()
	p := &process{t: t}
	p.cmd = exec.Command(programPath, append([]string{"serve", "--drain", "0s", "--admin", "127.0.0.1:0"}, args...)...)
	p.cmd.Dir = folder
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

// serveDev starts a server for development in a folder, on a free port.
func serveDev(t *testing.T, folder string, args ...string) *process {
	t.Helper()
	return serve(t, append([]string{"--dev", "--dev-folder", folder, "--listen", "127.0.0.1:0"}, args...)...)
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(s))
}

// stops asks the server to stop and returns its exit status.
func (p *process) stops() int {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	p.cmd.Wait()
	return p.cmd.ProcessState.ExitCode()
}

// lockedBuffer is a buffer for one writing and one reading goroutine.
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

// visibleCommands returns the commands that the help shows.
func visibleCommands(t *testing.T) (names []string) {
	t.Helper()
	parser, err := newParser(t.Context(), nil, nil)
	require.NoError(t, err)
	for _, command := range parser.Model.Leaves(true) {
		names = append(names, command.Name)
	}
	require.Len(t, names, 12)
	return names
}

func TestHelpOfEachCommandHasExamples(t *testing.T) {
	for _, command := range append(visibleCommands(t), "") {
		args := []string{command, "--help"}
		if command == "" {
			args = args[1:]
		}
		r := runProgram(t, nil, args...)
		assert.Equal(t, 0, r.status, command)
		assert.Regexp(t, "\n    (source <\\()?seatbeatd ", r.out, command)
	}
}

func TestHelpIsAlsoACommand(t *testing.T) {
	for _, command := range append(visibleCommands(t), "") {
		words := strings.Fields(command)
		r := runProgram(t, nil, append([]string{"help"}, words...)...)
		assert.Equal(t, 0, r.status, command)
		assert.Equal(t, runProgram(t, nil, append(words, "--help")...).out, r.out, command)
	}
}

func TestWithoutArgumentsTheProgramPrintsItsHelp(t *testing.T) {
	r := runProgram(t, nil)
	assert.Equal(t, 0, r.status)
	assert.Empty(t, r.errors)
	assert.Equal(t, runProgram(t, nil, "--help").out, r.out)
	assert.Contains(t, r.out, "Usage: seatbeatd <command>")
}

func TestHelpShowsDefaults(t *testing.T) {
	assert.Contains(t, runProgram(t, nil, "serve", "--help").out, "Default 127.0.0.1:6200.")
}

func TestWrongUsageEndsWithStatus2AndSaysWhatIsExpected(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--config", os.DevNull}, "expected one of"},
		{[]string{"sevre"}, `did you mean "serve"`},
		{[]string{"serve", "--ledgre", "x"}, `did you mean "--ledger"`},
		{[]string{"serve"}, "--ledger is missing"},
		{[]string{"serve", "--dev", "--drain", "2h"}, "--drain is 2h0m0s: must be 0s to 1m"},
		{[]string{"serve", "--dev", "--drain", "soon"}, "--drain"},
		{[]string{"serve", "--dev", "--waiting", "0"}, "--waiting is 0: must be 1 to"},
		{[]string{"serve", "--dev", "--client-waiting", "-1"}, "--client-waiting"},
		{[]string{"serve", "--dev", "--source-connections", "0"}, "--source-connections is 0: must be 1 to"},
		{[]string{"serve", "--dev", "--client-timeout", "1ms"}, "--client-timeout is 1ms: must be 100ms to 24h"},
		{[]string{"serve", "--dev", "--ledger", "x"}, "remove --ledger"},
		{[]string{"serve", "--dev", "--listen", "0.0.0.0:0"}, "--dev serves this machine only"},
		{[]string{"serve", "--dev-folder", "x", "--ledger", "x"}, "--dev-folder works only with --dev"},
		{[]string{"serve", "--dev", "--admin", "0.0.0.0:0"}, "--admin 0.0.0.0:0: must be 127.0.0.1:PORT"},
		{[]string{"status"}, "--admin-token is missing"},
		{[]string{"status", "--admin", "192.0.2.1:1", "--admin-token", "x"}, "--admin 192.0.2.1:1: must be 127.0.0.1:PORT"},
		{[]string{"release"}, "<lease>"},
		{[]string{"backup"}, "--out"},
		{[]string{"check"}, "--ledger is missing"},
		{[]string{"certs", "--client", "ada"}, "--out is missing"},
		{[]string{"certs", "--out", "x"}, "--server or --client is missing"},
		{[]string{"certs", "--out", "x", "--client", "../ada"}, "must be 1 to 64 letters"},
		{[]string{"certs", "--out", "x", "--client", "ca"}, "neither ca nor server"},
		{[]string{"certs", "--out", "x", "--server", "lic1:6200"}, "without a port"},
		{[]string{"completion", "powershell"}, `must be one of "bash","zsh","fish"`},
		{[]string{"serve", "--config", "testdata/none.yaml"}, "--config: open "},
	} {
		r := runProgram(t, nil, c.args...)
		assert.Equal(t, exitUsage, r.status, c.args)
		assert.Contains(t, r.errors, c.want, c.args)
		assert.Contains(t, r.errors, "--help", c.args)
		assert.Empty(t, r.out, c.args)
	}
}
