package supervisor

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

func TestCheckoutThatIsFaultyAsksNoServer(t *testing.T) {
	for name, c := range map[string]struct {
		checkout messages.Checkout
		fields   []string
	}{
		"no feature":        {messages.Checkout{}, []string{"Checkout.Feature"}},
		"control character": {messages.Checkout{Feature: "f\x002"}, []string{"Checkout.Feature"}},
		"newline":           {messages.Checkout{Feature: "f2\n"}, []string{"Checkout.Feature"}},
		"no UTF-8":          {messages.Checkout{Feature: "f\xff"}, []string{"Checkout.Feature"}},
		"too long":          {messages.Checkout{Feature: strings.Repeat("f", messages.MaxFeatureName+1)}, []string{"Checkout.Feature"}},
		"negative count":    {messages.Checkout{Feature: "f2", Count: -1}, []string{"Checkout.Count"}},
		"too many":          {messages.Checkout{Feature: "f2", Count: messages.MaxCount + 1}, []string{"Checkout.Count"}},
		"negative version":  {messages.Checkout{Feature: "f2", Version: messages.V(-1, 0)}, []string{"Checkout.Version.Major"}},
		"version too high":  {messages.Checkout{Feature: "f2", Version: messages.V(1, 10_000)}, []string{"Checkout.Version.Minor"}},
		"all at once": {
			messages.Checkout{Version: messages.V(10_000, -1), Count: -5, Wait: true},
			[]string{"Checkout.Feature", "Checkout.Version.Major", "Checkout.Version.Minor", "Checkout.Count"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			onStage(t, 1, nil, func(s *stage) {
				license, err := s.rt.Checkout(s.Context(), c.checkout)
				assert.Nil(s, license)
				assert.Equal(s, c.fields, fieldsOf(err))
				assert.Zero(s, s.server(1).Stats().Tried)
			})
		})
	}
}

func TestCheckoutWithinBoundsIsGranted(t *testing.T) {
	for name, c := range map[string]messages.Checkout{
		"no version":   {Feature: "f2"},
		"no count":     {Feature: "f2", Version: messages.V(1, 0)},
		"all seats":    {Feature: "f2", Count: 10},
		"the version":  {Feature: "f2", Version: messages.V(9, 9), Exact: true},
		"in Cyrillic":  {Feature: "чертёж"},
		"longest name": {Feature: strings.Repeat("f", messages.MaxFeatureName)},
	} {
		t.Run(name, func(t *testing.T) {
			onStage(t, 1, func(s *stage) { s.server(1).SetSeats(c.Feature, 10) }, func(s *stage) {
				s.checkoutOf(c)
				assert.Equal(s, c.Seats(), s.server(1).Held(c.Feature))
			})
		})
	}
}

func TestCheckoutWithAnEndedContextAsksNoServer(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		reason := errors.New("too late")
		ctx, cancel := context.WithCancelCause(s.Context())
		cancel(reason)
		_, err := s.rt.Checkout(ctx, messages.Checkout{Feature: "f2"})
		assert.ErrorIs(s, err, reason)
		assert.Zero(s, s.server(1).Stats().Tried)
	})
}

func TestCheckoutEndsAtItsDeadline(t *testing.T) {
	onStage(t, 3, nil, func(s *stage) {
		s.blackHoles()
		_, err := s.rt.Checkout(s.within(time.Second), messages.Checkout{Feature: "f2"})
		assert.Error(s, err)
		assert.Equal(s, time.Second, time.Since(s.began))
	})
}

func TestCheckoutAfterCloseFailsWithErrClosed(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.close()
		tried := s.server(1).Stats().Tried
		_, err := s.rt.Checkout(s.Context(), messages.Checkout{Feature: "f2"})
		assert.ErrorIs(s, err, messages.ErrClosed)
		assert.Equal(s, tried, s.server(1).Stats().Tried)
	})
}

func TestCallsOnALicenseAfterCloseFailWithErrClosed(t *testing.T) {
	for _, auto := range []int{0, 5} {
		onStage(t, 1, func(s *stage) { s.config.Heartbeat.Attempts = auto }, func(s *stage) {
			license := s.checkout()
			s.close()
			assert.ErrorIs(s, license.Err(), messages.ErrClosed)
			assert.ErrorIs(s, license.Checkin(s.Context()), messages.ErrClosed)
			assert.ErrorIs(s, license.Heartbeat(s.Context()), messages.ErrClosed)
			assert.Equal(s, messages.StateCheckedIn, license.Status().State)
			assert.Empty(s, s.rt.Status().Features)
		})
	}
}

func TestHeartbeatWithAnEndedContextReturnsItsCause(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		license := s.checkout()
		s.server(1).BlackHole(true, transporttest.Heartbeats)
		assert.ErrorIs(s, license.Heartbeat(s.within(time.Second)), context.DeadlineExceeded)
		assert.NoError(s, license.Err(), "the license goes on")
		s.server(1).ClearFaults()
	})
}

func TestHeartbeatOfALicenseThatIsGoneReturnsItsError(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		license := s.checkout()
		require.NoError(s, license.Checkin(s.Context()))
		assert.ErrorIs(s, license.Heartbeat(s.Context()), messages.ErrCheckedIn)
	})
}
