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

// defective is a transport with defects, before a network that works.
type defective struct {
	transport.Transport
	connect func() transport.Session // instead of a session, if not nil
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

// Sessions that panic in one of their methods.
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

// withDefects makes the runtime use the network through a transport with defects.
func withDefects(d *defective) func(*stage) {
	return func(s *stage) {
		d.Transport = s.config.Transport
		s.config.Transport = d
	}
}

func TestATransportThatCannotConnectMakesACheckoutFail(t *testing.T) {
	for name, d := range map[string]*defective{
		"panics":           {connect: func() transport.Session { panic("connect") }},
		"no session":       {connect: func() transport.Session { return nil }},
		"panics in Hello":  {connect: func() transport.Session { return panicsInHello{} }},
		"panics in lookup": {connect: func() transport.Session { return panicsInCheckout{} }}, // a nil Session inside
	} {
		t.Run(name, func(t *testing.T) {
			onStage(t, 1, withDefects(d), func(s *stage) {
				_, err := s.rt.Checkout(s.Context(), messages.Checkout{Feature: "f2"})
				var failed *messages.CheckoutError
				require.ErrorAs(s, err, &failed)
				assert.True(s, failed.Has(messages.Unanswered))
			})
		})
	}
}

func TestASessionThatPanicsIsTakenForSilent(t *testing.T) {
	t.Run("in Checkout", func(t *testing.T) {
		d := &defective{wrap: func(s transport.Session) transport.Session { return panicsInCheckout{s} }}
		onStage(t, 1, withDefects(d), func(s *stage) {
			_, err := s.rt.Checkout(s.Context(), messages.Checkout{Feature: "f2"})
			assert.ErrorContains(s, err, "the transport panicked: checkout")
		})
	})
	t.Run("in Heartbeat", func(t *testing.T) {
		d := &defective{wrap: func(s transport.Session) transport.Session { return panicsInHeartbeat{s} }}
		onStage(t, 1, withDefects(d), func(s *stage) {
			s.checkout()
			s.untilLost(2)
			assert.Contains(s, last[messages.ConnectionLost](&s.events).Cause, "the transport panicked: heartbeat")
		})
	})
	t.Run("in Checkin", func(t *testing.T) {
		d := &defective{wrap: func(s transport.Session) transport.Session { return panicsInCheckin{s} }}
		onStage(t, 1, withDefects(d), func(s *stage) {
			assert.NoError(s, s.checkout().Checkin(s.Context()), "as if the server were not there")
			assert.Less(s, s.callsDuring(10*time.Minute), 120)
		})
	})
	t.Run("in Close", func(t *testing.T) {
		d := &defective{wrap: func(s transport.Session) transport.Session { return panicsInClose{s} }}
		onStage(t, 1, withDefects(d), func(s *stage) {
			s.checkout()
			assert.NoError(s, s.rt.Close(s.Context()))
		})
	})
}
