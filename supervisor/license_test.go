package supervisor

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

func TestContextOfALicenseIsCancelledWithTheCauseWhenItIsGone(t *testing.T) {
	for name, c := range map[string]struct {
		end   func(*harness, *License)
		cause error
	}{
		"lost":       {func(h *harness, _ *License) { h.server(1).RevokeFeature("f2") }, messages.ErrLost},
		"exited":     {func(h *harness, _ *License) { h.server(1).Down() }, messages.ErrExited},
		"checked in": {func(h *harness, l *License) { _ = l.Checkin(h.Context()) }, messages.ErrCheckedIn},
		"closed":     {func(h *harness, _ *License) { h.close() }, messages.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			withHarness(t, 1, attempts(2), func(h *harness) {
				license := h.checkout()
				ctx, cancel := license.Context(h.Context())
				defer cancel()
				require.NoError(h, ctx.Err())
				c.end(h, license)
				<-ctx.Done()
				assert.ErrorIs(h, context.Cause(ctx), c.cause)
				assert.Equal(h, license.Err(), context.Cause(ctx))
			})
		})
	}
}

func TestContextOfALicenseEndsWithItsParentToo(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		license := h.checkout()
		reason := errors.New("the service ends")
		parent, end := context.WithCancelCause(h.Context())
		ctx, cancel := license.Context(parent)
		defer cancel()
		end(reason)
		<-ctx.Done()
		assert.Equal(h, reason, context.Cause(ctx))
		assert.NoError(h, license.Err())
	})
}

func TestContextOfALicenseFreesItsResourcesWhenItIsCancelled(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) { // a goroutine left behind makes the bubble fail
		license := h.checkout()
		ctx, cancel := license.Context(h.Context())
		cancel()
		assert.ErrorIs(h, ctx.Err(), context.Canceled)
		assert.NoError(h, license.Err())
	})
}

func TestContextOfALicenseThatIsGoneIsCancelledAtOnce(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		license := h.checkout()
		require.NoError(h, license.Checkin(h.Context()))
		ctx, cancel := license.Context(h.Context())
		defer cancel()
		<-ctx.Done()
		assert.ErrorIs(h, context.Cause(ctx), messages.ErrCheckedIn)
	})
}

func TestDoneIsOneChannelBeforeAndAfterTheEnd(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		license, late := h.checkout(), h.checkout()
		done := license.Done()
		require.NoError(h, license.Checkin(h.Context()))
		require.NoError(h, late.Checkin(h.Context()))
		<-done
		<-license.Done()
		<-late.Done()
	})
}

func TestStatusOfALicenseFollowsIt(t *testing.T) {
	withHarness(t, 2, attempts(2), func(h *harness) {
		license := h.checkoutOf(messages.Checkout{Feature: "f2", Version: messages.V(1, 2), Count: 3})
		claim := messages.Claim{ID: 1, Feature: "f2", Version: messages.V(1, 2), Count: 3}
		one, two := messages.Server{ID: "S1", Address: "s1:1"}, messages.Server{ID: "S2", Address: "s2:1"}
		taken := h.began.Add(transporttest.DefaultClientTimeout)
		assert.Equal(h, LicenseStatus{Claim: claim, Server: one, State: messages.StateHeld, Deadline: taken}, license.Status())

		h.untilHeartbeats(1)
		beaten := h.wire.Last(transporttest.Heartbeats).Sent.Add(transporttest.DefaultClientTimeout)
		assert.Equal(h, LicenseStatus{Claim: claim, Server: one, State: messages.StateHeld, Deadline: beaten}, license.Status())

		h.server(1).Down()
		h.untilLost(1)
		h.pass(0)
		assert.Equal(h, LicenseStatus{
			Claim: claim, Server: one, State: messages.StateReconnecting, Failed: 1, Deadline: beaten,
		}, license.Status())

		h.server(2).BlackHole(true)
		h.untilEvent("Lost(2) s1:1")
		h.pass(0)
		assert.Equal(h, messages.StateFailingOver, license.Status().State)
		h.server(2).ClearFaults()
		h.server(1).Up()
		h.until("recovery", func() bool { return license.Status().State == messages.StateHeld })
		assert.Contains(h, []messages.Server{one, two}, license.Status().Server)
		assert.Zero(h, license.Status().Failed)
	})
}

func TestStatusOfARuntimeNamesConnectionsAndFeatures(t *testing.T) {
	withHarness(t, 2, attempts(3), func(h *harness) {
		assert.Equal(h, Status{Features: map[messages.State]int{}}, h.rt.Status())
		h.server(1).SetSeats("f3", 0)
		h.checkout()
		h.checkout()
		h.checkoutOf(messages.Checkout{Feature: "f3"})
		deadline := h.began.Add(transporttest.DefaultClientTimeout)
		one := ConnectionStatus{Server: messages.Server{ID: "S1", Address: "s1:1"}, Features: 2, Deadline: deadline}
		two := ConnectionStatus{Server: messages.Server{ID: "S2", Address: "s2:1"}, Features: 1, Deadline: deadline}
		status := h.rt.Status()
		assert.Equal(h, []ConnectionStatus{one, two}, status.Connections)
		assert.Equal(h, map[messages.State]int{messages.StateHeld: 3}, status.Features)

		h.server(1).Down()
		h.untilLost(2)
		h.pass(0)
		status = h.rt.Status()
		assert.Equal(h, 2, status.Connections[0].Failed)
		assert.Zero(h, status.Connections[1].Failed)
		assert.Equal(h, map[messages.State]int{messages.StateReconnecting: 2, messages.StateHeld: 1}, status.Features)
		assert.Equal(h, "s1:1: 2 features, 2 heartbeats failed in a row, 0 outages\ns2:1: 1 features, 0 heartbeats failed in a row, 0 outages\n"+
			"Held: 1\nReconnecting: 2\n", status.String())
		h.server(1).Up()
	})
}

func TestStatusOfAnIdleRuntimeHasNoDeadline(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		require.NoError(h, h.checkout().Checkin(h.Context()))
		h.pass(time.Second)
		status := h.rt.Status()
		require.Len(h, status.Connections, 1)
		assert.Zero(h, status.Connections[0].Deadline)
		assert.Zero(h, status.Connections[0].Features)
		assert.Empty(h, status.Features)
	})
}
