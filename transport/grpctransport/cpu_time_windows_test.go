package grpctransport_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// cpuTime returns the processor time that the process has used so far.
func cpuTime(tb testing.TB) time.Duration {
	process, err := syscall.GetCurrentProcess()
	require.NoError(tb, err)
	var created, exited, kernel, user syscall.Filetime
	require.NoError(tb, syscall.GetProcessTimes(process, &created, &exited, &kernel, &user))
	return ticks(kernel) + ticks(user)
}

// ticks returns a length of time that Windows counts in steps of 100 ns.
func ticks(t syscall.Filetime) time.Duration {
	return time.Duration(int64(t.HighDateTime)<<32|int64(t.LowDateTime)) * 100
}
