package supervisor

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// defective is a transport with defects in front of a network that works.
type defective struct {
	transport.Transport
	connect func() transport.Session // returns the session instead of the network; nil: wrap does
	wrap    func(transport.Session) transport.Session
}

func (d *defective) Connect(ctx context.Context, a transport.Address) (transport.Session, error) {
	if d.connect != nil {
		return d.connect(), nil
	}
	session, err := d.Transport.Connect(ctx, a)
	if err != nil {
		return nil, err
	}
	return d.wrap(session), nil
}

// These sessions panic in one of their methods.
type (
	panicsInHello     struct{ transport.Session }
	panicsInCheckout  struct{ transport.Session }
	panicsInHeartbeat struct{ transport.Session }
	panicsInCheckin   struct{ transport.Session }
	panicsInClose     struct{ transport.Session }
)

func (panicsInHello) Hello() transport.Hello { panic("hello") }
func (panicsInCheckout) Checkout(context.Context, []transport.Take) (transport.CheckoutReply, error) {
	panic("checkout")
}
func (panicsInHeartbeat) Heartbeat(context.Context, []messages.LeaseID) (transport.HeartbeatReply, error) {
	panic("heartbeat")
}
func (panicsInCheckin) Checkin(context.Context, []transport.Return) (transport.CheckinReply, error) {
	panic("checkin")
}
func (p panicsInClose) Close() error { _ = p.Session.Close(); panic("close") }

// withDefects puts the defective transport between the runtime and the network.
func withDefects(d *defective) func(*harness) {
	return func(h *harness) {
		d.Transport = h.config.Transport
		h.config.Transport = d
	}
}

func TestATransportThatCannotConnectMakesACheckoutFail(t *testing.T) {
	for name, d := range map[string]*defective{
		"panics":           {connect: func() transport.Session { panic("connect") }},
		"no session":       {connect: func() transport.Session { return nil }},
		"panics in Hello":  {connect: func() transport.Session { return panicsInHello{} }},
		"panics in lookup": {connect: func() transport.Session { return panicsInCheckout{} }}, // it has a nil Session inside
	} {
		t.Run(name, func(t *testing.T) {
			withHarness(t, 1, withDefects(d), func(h *harness) {
				_, err := h.rt.Checkout(h.Context(), messages.Checkout{Feature: "f2"})
				var failed *messages.CheckoutError
				require.ErrorAs(h, err, &failed)
				assert.True(h, failed.Has(messages.Unanswered))
			})
		})
	}
}

func TestASessionThatPanicsCountsAsSilent(t *testing.T) {
	t.Run("in Checkout", func(t *testing.T) {
		d := &defective{wrap: func(s transport.Session) transport.Session { return panicsInCheckout{s} }}
		withHarness(t, 1, withDefects(d), func(h *harness) {
			_, err := h.rt.Checkout(h.Context(), messages.Checkout{Feature: "f2"})
			assert.ErrorContains(h, err, "the transport panicked: checkout")
		})
	})
	t.Run("in Heartbeat", func(t *testing.T) {
		d := &defective{wrap: func(s transport.Session) transport.Session { return panicsInHeartbeat{s} }}
		withHarness(t, 1, withDefects(d), func(h *harness) {
			h.checkout()
			h.untilLost(2)
			assert.Contains(h, last[messages.ConnectionLost](&h.events).Cause, "the transport panicked: heartbeat")
		})
	})
	t.Run("in Checkin", func(t *testing.T) {
		d := &defective{wrap: func(s transport.Session) transport.Session { return panicsInCheckin{s} }}
		withHarness(t, 1, withDefects(d), func(h *harness) {
			assert.NoError(h, h.checkout().Checkin(h.Context()), "as if the server were not there")
			assert.Less(h, h.callsDuring(10*time.Minute), 120)
		})
	})
	t.Run("in Close", func(t *testing.T) {
		d := &defective{wrap: func(s transport.Session) transport.Session { return panicsInClose{s} }}
		withHarness(t, 1, withDefects(d), func(h *harness) {
			h.checkout()
			assert.NoError(h, h.rt.Close(h.Context()))
		})
	})
}
