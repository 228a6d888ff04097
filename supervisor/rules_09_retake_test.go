package supervisor

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// retake checks out and lets the server forget it, with what change does to the server.
func (s *stage) retake(c messages.Checkout, change func(*transporttest.Server)) *License {
	s.Helper()
	license := s.checkoutOf(c)
	s.untilBeaten(1)
	s.server(1).Forget()
	change(s.server(1))
	s.untilTold("Retrying f2 s1:1")
	s.pass(0)
	return license
}

func unchanged(*transporttest.Server) {}

func TestRule9_TheWholeCountAndTheVersionFirstAskedForAreTakenAgain(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.retake(messages.Checkout{Feature: "f2", Version: messages.V(3, 1), Count: 4, Exact: false}, unchanged)
		again := s.wire.Last(transporttest.Checkouts).Takes[0]
		assert.Equal(s, messages.V(3, 1), again.Version)
		assert.Equal(s, 4, again.Count)
		assert.Equal(s, 4, s.server(1).Held("f2"))
	})
}

func TestRule9_ARetakeIsANewRequestThatReplacesTheOld(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.retake(messages.Checkout{Feature: "f2"}, unchanged)
		takes := s.wire.Calls(transporttest.Checkouts)
		first, again := takes[0].Takes[0], takes[1].Takes[0]
		assert.NotEqual(s, first.Request, again.Request)
		assert.Equal(s, []messages.RequestID{first.Request}, again.Replaces)
	})
}

func TestRule9_AThirdTakeReplacesThatOfTheCurrentLease(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.retake(messages.Checkout{Feature: "f2"}, unchanged)
		s.untilTold("Succeeded f2 s1:1")
		s.server(1).Forget()
		s.untilTold("Succeeded f2 s1:1")
		takes := s.wire.Calls(transporttest.Checkouts)
		require.Len(s, takes, 3)
		assert.Contains(s, takes[2].Takes[0].Replaces, takes[1].Takes[0].Request)
	})
}

func TestRule9_TheVersionDecidesWhetherARetakeIsGranted(t *testing.T) {
	asked := messages.V(2, 5)
	for name, c := range map[string]struct {
		exact  bool
		serves messages.Version
		state  messages.State
	}{
		"a higher version is served":                    {false, messages.V(3, 0), messages.StateHeld},
		"the same version is served":                    {false, asked, messages.StateHeld},
		"a lower version is served":                     {false, messages.V(2, 4), messages.StateLost},
		"exactly, and a higher version is served":       {true, messages.V(2, 6), messages.StateLost},
		"exactly, and the same version is served":       {true, asked, messages.StateHeld},
		"exactly, and a lower version is served":        {true, messages.V(1, 9), messages.StateLost},
		"a lower minor of a higher major is served":     {false, messages.V(3, 1), messages.StateHeld},
		"a higher minor of a lower major is not enough": {false, messages.V(1, 9), messages.StateLost},
	} {
		t.Run("rule 9: "+name, func(t *testing.T) {
			onStage(t, 1, func(s *stage) { s.server(1).SetVersion("f2", asked) }, func(s *stage) {
				license := s.retake(messages.Checkout{Feature: "f2", Version: asked, Exact: c.exact},
					func(server *transporttest.Server) { server.SetVersion("f2", c.serves) })
				assert.Equal(s, c.state, license.Status().State)
			})
		})
	}
}

func TestRule9_ARetakeGetsAllSeatsOrNone(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		license := s.retake(messages.Checkout{Feature: "f2", Count: 4},
			func(server *transporttest.Server) { server.SetSeats("f2", 3) })
		assert.Equal(s, messages.StateLost, license.Status().State)
		assert.Zero(s, s.server(1).Held("f2"))
	})
}
