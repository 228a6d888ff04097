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
		end   func(*stage, *License)
		cause error
	}{
		"lost":       {func(s *stage, _ *License) { s.server(1).RevokeFeature("f2") }, messages.ErrLost},
		"exited":     {func(s *stage, _ *License) { s.server(1).Down() }, messages.ErrExited},
		"checked in": {func(s *stage, l *License) { _ = l.Checkin(s.Context()) }, messages.ErrCheckedIn},
		"closed":     {func(s *stage, _ *License) { s.close() }, messages.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			onStage(t, 1, attempts(2), func(s *stage) {
				license := s.checkout()
				ctx, cancel := license.Context(s.Context())
				defer cancel()
				require.NoError(s, ctx.Err())
				c.end(s, license)
				<-ctx.Done()
				assert.ErrorIs(s, context.Cause(ctx), c.cause)
				assert.Equal(s, license.Err(), context.Cause(ctx))
			})
		})
	}
}

func TestContextOfALicenseEndsWithItsParentToo(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		license := s.checkout()
		reason := errors.New("the service ends")
		parent, end := context.WithCancelCause(s.Context())
		ctx, cancel := license.Context(parent)
		defer cancel()
		end(reason)
		<-ctx.Done()
		assert.Equal(s, reason, context.Cause(ctx))
		assert.NoError(s, license.Err())
	})
}

func TestContextOfALicenseFreesItsResourcesWhenItIsCancelled(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) { // whose bubble fails if a goroutine is left
		license := s.checkout()
		ctx, cancel := license.Context(s.Context())
		cancel()
		assert.ErrorIs(s, ctx.Err(), context.Canceled)
		assert.NoError(s, license.Err())
	})
}

func TestContextOfALicenseThatIsGoneIsCancelledAtOnce(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		license := s.checkout()
		require.NoError(s, license.Checkin(s.Context()))
		ctx, cancel := license.Context(s.Context())
		defer cancel()
		<-ctx.Done()
		assert.ErrorIs(s, context.Cause(ctx), messages.ErrCheckedIn)
	})
}

func TestDoneIsOneChannelBeforeAndAfterTheEnd(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		license, late := s.checkout(), s.checkout()
		done := license.Done()
		require.NoError(s, license.Checkin(s.Context()))
		require.NoError(s, late.Checkin(s.Context()))
		<-done
		<-license.Done()
		<-late.Done()
	})
}

func TestStatusOfALicenseFollowsIt(t *testing.T) {
	onStage(t, 2, attempts(2), func(s *stage) {
		license := s.checkoutOf(messages.Checkout{Feature: "f2", Version: messages.V(1, 2), Count: 3})
		claim := messages.Claim{ID: 1, Feature: "f2", Version: messages.V(1, 2), Count: 3}
		one, two := messages.Server{ID: "S1", Address: "s1:1"}, messages.Server{ID: "S2", Address: "s2:1"}
		taken := s.began.Add(transporttest.DefaultClientTimeout)
		assert.Equal(s, LicenseStatus{Claim: claim, Server: one, State: messages.StateHeld, Deadline: taken}, license.Status())

		s.untilBeaten(1)
		beaten := s.wire.Last(transporttest.Heartbeats).Sent.Add(transporttest.DefaultClientTimeout)
		assert.Equal(s, LicenseStatus{Claim: claim, Server: one, State: messages.StateHeld, Deadline: beaten}, license.Status())

		s.server(1).Down()
		s.untilLost(1)
		s.pass(0)
		assert.Equal(s, LicenseStatus{
			Claim: claim, Server: one, State: messages.StateReconnecting, Failed: 1, Deadline: beaten,
		}, license.Status())

		s.server(2).BlackHole(true)
		s.untilTold("Lost(2) s1:1")
		s.pass(0)
		assert.Equal(s, messages.StateFailingOver, license.Status().State)
		s.server(2).ClearFaults()
		s.server(1).Up()
		s.until("recovery", func() bool { return license.Status().State == messages.StateHeld })
		assert.Contains(s, []messages.Server{one, two}, license.Status().Server)
		assert.Zero(s, license.Status().Failed)
	})
}

func TestStatusOfARuntimeNamesConnectionsAndFeatures(t *testing.T) {
	onStage(t, 2, attempts(3), func(s *stage) {
		assert.Equal(s, Status{Features: map[messages.State]int{}}, s.rt.Status())
		s.server(1).SetSeats("f3", 0)
		s.checkout()
		s.checkout()
		s.checkoutOf(messages.Checkout{Feature: "f3"})
		deadline := s.began.Add(transporttest.DefaultClientTimeout)
		one := ConnectionStatus{Server: messages.Server{ID: "S1", Address: "s1:1"}, Features: 2, Deadline: deadline}
		two := ConnectionStatus{Server: messages.Server{ID: "S2", Address: "s2:1"}, Features: 1, Deadline: deadline}
		status := s.rt.Status()
		assert.Equal(s, []ConnectionStatus{one, two}, status.Connections)
		assert.Equal(s, map[messages.State]int{messages.StateHeld: 3}, status.Features)

		s.server(1).Down()
		s.untilLost(2)
		s.pass(0)
		status = s.rt.Status()
		assert.Equal(s, 2, status.Connections[0].Failed)
		assert.Zero(s, status.Connections[1].Failed)
		assert.Equal(s, map[messages.State]int{messages.StateReconnecting: 2, messages.StateHeld: 1}, status.Features)
		assert.Equal(s, "s1:1: 2 features, 2 heartbeats failed in a row, 0 outages\ns2:1: 1 features, 0 heartbeats failed in a row, 0 outages\n"+
			"Held: 1\nReconnecting: 2\n", status.String())
		s.server(1).Up()
	})
}

func TestStatusOfAnIdleRuntimeHasNoDeadline(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		require.NoError(s, s.checkout().Checkin(s.Context()))
		s.pass(time.Second)
		status := s.rt.Status()
		require.Len(s, status.Connections, 1)
		assert.Zero(s, status.Connections[0].Deadline)
		assert.Zero(s, status.Connections[0].Features)
		assert.Empty(s, status.Features)
	})
}
