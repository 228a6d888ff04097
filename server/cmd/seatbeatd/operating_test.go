package main

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// operator follows the README, as people do: one block of commands after the other, in terminals of bash.
type operator struct {
	t       *testing.T
	folder  string
	replace *strings.Replacer
}

func TestAnOperatorWhoFollowsTheReadmeServesASignedLicence(t *testing.T) {
	blocks := readme(t)
	require.Len(t, blocks, 9, "blocks of commands in the README's section for operators")
	demo := filepath.Join(t.TempDir(), "demo")
	o := operator{t: t, folder: "../../..", replace: strings.NewReplacer("demo", demo, "6200", freePort(t), "6280", freePort(t))}
	o.types(blocks[0])
	o.folder = demo
	assert.Contains(t, o.types(blocks[1]), "valid      yes")
	assert.Contains(t, o.types(blocks[2]), "ca.key  SECRET")

	server := o.starts(blocks[3], `"ready":true`)
	client := o.starts(blocks[4], "held")
	status := o.types(blocks[5])
	assert.Regexp(t, `f1 +9\.9 +1 +5 `, status)
	assert.Contains(t, status, `"cn:ada"`)

	o.types(blocks[6])
	assert.Regexp(t, `f1 +9\.9 +1 +10 `, o.types(blocks[5]), "licences add up")
	assert.Contains(t, o.types(blocks[7]), "1 leases held")
	o.types(blocks[8])
	assert.Regexp(t, `f1 +9\.9 +0 +10 `, o.types(blocks[5]))

	require.NoError(t, client.Process.Signal(syscall.SIGINT))
	client.Wait()
	require.NoError(t, server.Process.Signal(syscall.SIGTERM))
	assert.NoError(t, server.Wait())
}

// readme returns the blocks of commands between the README's marks.
func readme(t *testing.T) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile("../../../README.md")
	require.NoError(t, err)
	_, section, begins := strings.Cut(string(text), "<!-- operator:begin -->\n")
	section, _, ends := strings.Cut(section, "<!-- operator:end -->")
	require.True(t, begins && ends)
	inside := false
	for line := range strings.Lines(section) {
		command, isCommand := strings.CutPrefix(line, "    ")
		if isCommand && !inside {
			blocks = append(blocks, "")
		}
		if inside = isCommand; isCommand {
			blocks[len(blocks)-1] += command
		}
	}
	return blocks
}

// bash types commands into a terminal. The last one takes the place of the shell, so that signals reach it.
func (o operator) bash(commands string) *exec.Cmd {
	cmd := exec.CommandContext(o.t.Context(), "bash", "-e", "-c", o.replace.Replace(commands))
	cmd.Dir = o.folder
	return cmd
}

// types runs commands to their end and returns what they print.
func (o operator) types(commands string) string {
	o.t.Helper()
	out, err := o.bash(commands).CombinedOutput()
	require.NoError(o.t, err, "%s\n%s", commands, out)
	return string(out)
}

// starts runs commands whose last one goes on, and returns when that has said something.
func (o operator) starts(commands, said string) *exec.Cmd {
	o.t.Helper()
	lines := strings.SplitAfter(strings.TrimSpace(commands), "\n")
	lines[len(lines)-1] = "exec " + lines[len(lines)-1]
	cmd := o.bash(strings.Join(lines, ""))
	var log lockedBuffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	require.NoError(o.t, err)
	require.NoError(o.t, cmd.Start())
	o.t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	defer time.AfterFunc(time.Minute, func() { cmd.Process.Kill() }).Stop() // which ends what it prints
	for printed := bufio.NewReader(out); ; {
		line, err := printed.ReadString('\n')
		require.NoError(o.t, err, "%q was not said by\n%s\n%s", said, commands, &log)
		if strings.Contains(line, said) {
			return cmd
		}
	}
}

// freePort returns a port that nobody uses at the moment.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	return port
}
