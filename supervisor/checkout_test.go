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

func TestAnInvalidCheckoutAsksNoServer(t *testing.T) {
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
			withHarness(t, 1, nil, func(h *harness) {
				license, err := h.rt.Checkout(h.Context(), c.checkout)
				assert.Nil(h, license)
				assert.Equal(h, c.fields, fieldsOf(err))
				assert.Zero(h, h.server(1).Stats().Tried)
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
			withHarness(t, 1, func(h *harness) { h.server(1).SetSeats(c.Feature, 10) }, func(h *harness) {
				h.checkoutOf(c)
				assert.Equal(h, c.Seats(), h.server(1).Held(c.Feature))
			})
		})
	}
}

func TestCheckoutWithAnEndedContextAsksNoServer(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		reason := errors.New("too late")
		ctx, cancel := context.WithCancelCause(h.Context())
		cancel(reason)
		_, err := h.rt.Checkout(ctx, messages.Checkout{Feature: "f2"})
		assert.ErrorIs(h, err, reason)
		assert.Zero(h, h.server(1).Stats().Tried)
	})
}

func TestCheckoutEndsAtItsDeadline(t *testing.T) {
	withHarness(t, 3, nil, func(h *harness) {
		h.blackHoles()
		_, err := h.rt.Checkout(h.within(time.Second), messages.Checkout{Feature: "f2"})
		assert.Error(h, err)
		assert.Equal(h, time.Second, time.Since(h.began))
	})
}

func TestCheckoutAfterCloseFailsWithErrClosed(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.close()
		tried := h.server(1).Stats().Tried
		_, err := h.rt.Checkout(h.Context(), messages.Checkout{Feature: "f2"})
		assert.ErrorIs(h, err, messages.ErrClosed)
		assert.Equal(h, tried, h.server(1).Stats().Tried)
	})
}

func TestCallsOnALicenseAfterCloseFailWithErrClosed(t *testing.T) {
	for _, auto := range []int{0, 5} {
		withHarness(t, 1, func(h *harness) { h.config.Heartbeat.Attempts = auto }, func(h *harness) {
			license := h.checkout()
			h.close()
			assert.ErrorIs(h, license.Err(), messages.ErrClosed)
			assert.ErrorIs(h, license.Checkin(h.Context()), messages.ErrClosed)
			assert.ErrorIs(h, license.Heartbeat(h.Context()), messages.ErrClosed)
			assert.Equal(h, messages.StateCheckedIn, license.Status().State)
			assert.Empty(h, h.rt.Status().Features)
		})
	}
}

func TestHeartbeatWithAnEndedContextReturnsItsCause(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		license := h.checkout()
		h.server(1).BlackHole(true, transporttest.Heartbeats)
		assert.ErrorIs(h, license.Heartbeat(h.within(time.Second)), context.DeadlineExceeded)
		assert.NoError(h, license.Err(), "the license goes on")
		h.server(1).ClearFaults()
	})
}

func TestHeartbeatOfALicenseThatIsGoneReturnsItsError(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		license := h.checkout()
		require.NoError(h, license.Checkin(h.Context()))
		assert.ErrorIs(h, license.Heartbeat(h.Context()), messages.ErrCheckedIn)
	})
}
