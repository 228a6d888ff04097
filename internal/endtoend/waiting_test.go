package endtoend

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
)

// newRuntime starts a runtime in this process that asks the servers in this order and never gives up.
func newRuntime(t *testing.T, servers ...*licenseServer) *supervisor.Runtime {
	t.Helper()
	config := supervisor.Config{
		Transport:      grpctransport.New(grpctransport.Config{Insecure: true}),
		Heartbeat:      supervisor.Heartbeat{Attempts: supervisor.MaxAttempts},
		ConnectTimeout: time.Minute,
	}
	for _, s := range servers {
		config.Servers = append(config.Servers, transport.Address(s.address))
	}
	rt, err := startChecked(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, rt.close()) })
	return rt.Runtime
}

// hold takes a free seat.
func hold(t *testing.T, rt *supervisor.Runtime) *supervisor.License {
	t.Helper()
	license, err := rt.Checkout(t.Context(), messages.Checkout{Feature: "cad"})
	require.NoError(t, err)
	return license
}

// waiter is a checkout that may wait.
type waiter struct {
	license *supervisor.License
	err     error
	ended   chan struct{}
}

func wait(ctx context.Context, rt *supervisor.Runtime) *waiter {
	w := &waiter{ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		w.license, w.err = rt.Checkout(ctx, messages.Checkout{Feature: "cad", Wait: true})
	}()
	return w
}

// granted waits until the checkout is granted, and returns the license.
func (w *waiter) granted(t *testing.T) *supervisor.License {
	t.Helper()
	select {
	case <-w.ended:
	case <-time.After(time.Minute): // with a defect the test must end too
		require.Fail(t, "the checkout still waits")
	}
	require.NoError(t, w.err)
	return w.license
}

func (w *waiter) waits() bool {
	select {
	case <-w.ended:
		return false
	default:
		return true
	}
}

// awaitQueue waits until n checkouts are in the queue.
func (s *licenseServer) awaitQueue(n int) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		status, err := s.server.Status(s.t.Context())
		return err == nil && status.Features[0].Waiting == n
	}, time.Minute, 10*time.Millisecond)
}

func TestWait_AllServersAreAskedBeforeTheQueueIsJoined(t *testing.T) {
	one, two := newServer(t, 1, time.Minute), newServer(t, 1, time.Minute)
	rt := newRuntime(t, one, two)
	held := hold(t, rt)
	require.Equal(t, 1, one.used())
	elsewhere := wait(t.Context(), rt).granted(t)
	assert.Equal(t, 1, two.used(), "the second server has a free seat")
	w := wait(t.Context(), rt)
	one.awaitQueue(1)
	two.awaitQueue(0)
	require.NoError(t, elsewhere.Checkin(t.Context()))
	require.NoError(t, held.Checkin(t.Context()))
	w.granted(t)
	assert.Equal(t, 1, one.used(), "the checkout waited at the first server")
}

func TestWait_WaitingCheckoutsAreServedInOrder(t *testing.T) {
	s := newServer(t, 1, time.Minute)
	held := hold(t, newRuntime(t, s))
	var queue []*waiter
	for n := range 3 {
		queue = append(queue, wait(t.Context(), newRuntime(t, s)))
		s.awaitQueue(n + 1)
	}
	for n, w := range queue {
		require.NoError(t, held.Checkin(t.Context()))
		held = w.granted(t)
		s.awaitQueue(len(queue) - n - 1)
		for _, later := range queue[n+1:] {
			assert.True(t, later.waits())
		}
		assert.Equal(t, 1, s.used())
	}
}

func TestWait_AnAbandonedWaitLeavesNothingBehind(t *testing.T) {
	s := newServer(t, 1, time.Minute)
	held := hold(t, newRuntime(t, s))
	ctx, giveUp := context.WithCancel(t.Context())
	abandoned := wait(ctx, newRuntime(t, s))
	s.awaitQueue(1)
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	late := wait(short, newRuntime(t, s))
	giveUp()
	<-abandoned.ended
	require.ErrorIs(t, abandoned.err, context.Canceled)
	<-late.ended
	require.Error(t, late.err)
	s.awaitQueue(0)
	require.NoError(t, held.Checkin(t.Context()))
	require.Eventually(t, func() bool { return s.used() == 0 }, time.Minute, 10*time.Millisecond)
	hold(t, newRuntime(t, s))
}

func TestWait_ARestartOfTheServerIsWaitedThrough(t *testing.T) {
	s := newServer(t, 1, time.Minute)
	held := hold(t, newRuntime(t, s))
	w := wait(t.Context(), newRuntime(t, s))
	s.awaitQueue(1)
	s.restart()
	s.awaitQueue(1)
	assert.True(t, w.waits())
	assert.Equal(t, 1, s.used(), "the seat is held")
	require.NoError(t, held.Checkin(t.Context()))
	w.granted(t)
	assert.Equal(t, 1, s.used())
}
