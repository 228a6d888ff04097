package supervisor

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// noContext is what a caller passes that has forgotten to set its context.
var noContext context.Context

func TestANilContextIsAnErrorAndNoPanic(t *testing.T) {
	_, err := Start(noContext, Config{Transport: transporttest.NewNetwork(), Servers: servers(1)})
	assert.Equal(t, []string{"ctx"}, fieldsOf(err))
	withHarness(t, 1, nil, func(h *harness) {
		_, err := h.rt.Checkout(noContext, messages.Checkout{Feature: "f2"})
		assert.Equal(h, []string{"ctx"}, fieldsOf(err))
		license := h.checkout()
		assert.Equal(h, []string{"ctx"}, fieldsOf(license.Heartbeat(noContext)))
		assert.Equal(h, []string{"ctx"}, fieldsOf(license.Checkin(noContext)))
		ctx, cancel := license.Context(noContext)
		assert.Equal(h, []string{"ctx"}, fieldsOf(context.Cause(ctx)))
		cancel()
		assert.Equal(h, []string{"ctx"}, fieldsOf(h.rt.Close(noContext)))
		assert.NoError(h, license.Err(), "the seats are held as before")
	})
}

// Whoever does not look at the error of Start or Checkout has nil in hand.
func TestNilIsAnErrorAndNoPanic(t *testing.T) {
	for _, rt := range []*Runtime{nil, new(Runtime)} {
		_, err := rt.Checkout(t.Context(), messages.Checkout{Feature: "f2"})
		require.ErrorIs(t, err, errNoRuntime)
		require.ErrorIs(t, rt.Close(t.Context()), errNoRuntime)
		assert.Empty(t, rt.Status().Connections)
		events, end := rt.Events(1)
		end()
		_, open := <-events
		assert.False(t, open)
	}
	for _, license := range []*License{nil, new(License)} {
		<-license.Done()
		require.ErrorIs(t, license.Err(), errNoLicense)
		require.ErrorIs(t, license.Checkin(t.Context()), errNoLicense)
		require.ErrorIs(t, license.Heartbeat(t.Context()), errNoLicense)
		assert.Zero(t, license.Status())
		ctx, cancel := license.Context(t.Context())
		select {
		case <-ctx.Done():
		case <-time.After(time.Minute):
			assert.Fail(t, "the context of no license goes on")
		}
		require.ErrorIs(t, context.Cause(ctx), errNoLicense)
		cancel()
	}
}
