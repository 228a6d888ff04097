//go:build unix

package endtoend

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Both clocks of a stopped process go on, other than those of a machine that slept: the process sees no jump of the clock.

// shortTimeout is a client timeout that passes while a process is stopped.
const shortTimeout = time.Second

// stoppedService runs a service that holds the only seat, stops it, and waits until the server has freed the seat.
func stoppedService(t *testing.T, env ...string) (*licenseServer, *child) {
	s := newServer(t, 1, shortTimeout)
	c := run(t, "service", append(env, envServer+"="+s.address)...)
	require.Equal(t, "held", c.answer())
	c.signal(syscall.SIGSTOP)
	require.Eventually(t, func() bool { return s.used() == 0 }, time.Minute, 10*time.Millisecond)
	return s, c
}

func (c *child) signal(s syscall.Signal) {
	c.t.Helper()
	require.NoError(c.t, c.cmd.Process.Signal(s))
}

func TestRule17_AProcessThatWasStoppedTakesItsSeatAgain(t *testing.T) {
	t.Parallel()
	s, c := stoppedService(t)
	c.signal(syscall.SIGCONT)
	c.ask()
	assert.Equal(t, "held 0", c.answer())
	assert.Equal(t, 1, s.used(), "one seat, not two")
	c.end()
	assert.Contains(t, c.events, "CheckoutSucceeded")
	assert.NotContains(t, c.events, "ClockJumped")
	assert.Zero(t, s.used())
}

func TestRule17_AProcessThatWasStoppedLosesASeatThatSomebodyElseTook(t *testing.T) {
	t.Parallel()
	s, c := stoppedService(t)
	other := run(t, "service", envServer+"="+s.address)
	require.Equal(t, "held", other.answer())
	c.signal(syscall.SIGCONT)
	c.ask()
	assert.Equal(t, "lost 0", c.answer())
	c.end()
	assert.Contains(t, c.events, "CheckoutFailed")
	assert.Equal(t, 1, s.used(), "the other's")
	other.end()
}

// docs/rules.md, rule 16: the time of the stop counts as age, so that the first failed heartbeat finds the lease at risk.
func TestRule17_LeasesOfAProcessThatWasStoppedAreAsOldAsTheStopMadeThem(t *testing.T) {
	t.Parallel()
	s, c := stoppedService(t, envEnforce+"=1")
	s.stop()
	c.signal(syscall.SIGCONT)
	c.ask()
	assert.Equal(t, "lost 0", c.answer())
	c.end()
	assert.Contains(t, c.events, "LeaseAtRisk")
	assert.NotContains(t, c.events, "RetryingFeature", "nobody answered")
}
