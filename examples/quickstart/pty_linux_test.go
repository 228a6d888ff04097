package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// onTerminal starts the quickstart on a terminal of its own, which the test reads and types on.
func onTerminal(t *testing.T, environment string, args ...string) (keyboard *os.File, screen *bufio.Scanner, cmd *exec.Cmd) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("there are no terminals here: ", err)
	}
	t.Cleanup(func() { _ = keyboard.Close() })
	var number, locked uint32
	for request, value := range map[uintptr]*uint32{syscall.TIOCSPTLCK: &locked, syscall.TIOCGPTN: &number} {
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, keyboard.Fd(), request, uintptr(unsafe.Pointer(value)))
		require.Zero(t, errno)
	}
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	defer terminal.Close()
	cmd = program(t, args...)
	cmd.Env = append(cmd.Env, "TERM=xterm", "NO_COLOR=", environment)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(t, cmd.Start())
	return keyboard, bufio.NewScanner(keyboard), cmd
}

// title waits for the title of a step, and returns when it came.
func title(t *testing.T, screen *bufio.Scanner, step int) time.Time {
	t.Helper()
	for screen.Scan() {
		if strings.Contains(screen.Text(), fmt.Sprintf("%d/9", step)) {
			return time.Now()
		}
	}
	require.Fail(t, "the title does not come", "%d", step)
	return time.Time{}
}

func TestATerminalHasColoursAndTimeToReadAndCtrlC(t *testing.T) {
	t.Parallel()
	keyboard, screen, cmd := onTerminal(t, "TERM=xterm-256color")
	first := title(t, screen, 1)
	assert.Contains(t, screen.Text(), "\x1b[1m1/9")
	assert.Greater(t, title(t, screen, 2).Sub(first), lookTime) // at least, the test having been slow to see the first
	_, err := keyboard.Write([]byte{3})                         // Ctrl-C
	require.NoError(t, err)
	var rest strings.Builder
	for screen.Scan() {
		rest.WriteString(screen.Text() + "\n")
	}
	assert.Equal(t, interrupted, statusOf(t, cmd.Wait()))
	assert.Contains(t, rest.String(), "quickstart: interrupted")
}

func TestATerminalGetsNoUnwantedColoursAndWithFastNoPauses(t *testing.T) {
	t.Parallel()
	began := time.Now()
	screens, cmds := map[string]*bufio.Scanner{}, map[string]*exec.Cmd{}
	for _, environment := range []string{"NO_COLOR=1", "TERM=dumb"} {
		_, screens[environment], cmds[environment] = onTerminal(t, environment, "-fast")
	}
	for environment, screen := range screens {
		var text strings.Builder
		for screen.Scan() {
			text.WriteString(screen.Text() + "\n")
		}
		assert.Zero(t, statusOf(t, cmds[environment].Wait()), text.String())
		assert.Contains(t, text.String(), "To read next")
		assert.NotContains(t, text.String(), "\x1b")
	}
	assert.Less(t, time.Since(began), 9*(readTime+lookTime))
}
