package servicetest

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// house is an open studio, with two licence servers that have two seats each.
type house struct {
	*testing.T
	*Studio
	lic1, lic2 *transporttest.Server
	seen       []string // names of events that the test has not looked at
}

// inHouse runs a test while the studio is open, and asserts that every seat is given back.
func inHouse(t *testing.T, test func(h *house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { // make all that the test uses inside the bubble
		network := transporttest.NewNetwork()
		h := &house{
			T:    t,
			lic1: network.AddServer("lic1:6200", map[string]int{"studio": 2}),
			lic2: network.AddServer("lic2:6200", map[string]int{"studio": 2}),
		}
		studio, err := Open(t.Context(), network, func(e messages.Event) { h.seen = append(h.seen, messages.Name(e)) })
		require.NoError(t, err)
		h.Studio = studio
		test(h)
		require.NoError(t, studio.Close(t.Context())) // else synctest reports the goroutines that still run
		assert.Zero(t, h.lic1.HeldTotal()+h.lic2.HeldTotal())
	})
}

// pass lets virtual time pass, and waits until every other goroutine is blocked: nothing changes while the test looks.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// enter lets a visitor in.
func (h *house) enter(visitor string) {
	h.Helper()
	require.NoError(h, h.Enter(h.Context(), visitor))
}

// events returns the names of the events since the last call.
func (h *house) events() []string {
	synctest.Wait()
	seen := h.seen
	h.seen = nil
	return seen
}

func TestEachVisitorHasASeat(t *testing.T) {
	inHouse(t, func(h *house) {
		h.enter("ann")
		h.enter("bob")
		assert.Equal(h, 2, h.lic1.Held("studio"))
		require.NoError(h, h.Leave(h.Context(), "ann"))
		assert.Equal(h, 1, h.lic1.Held("studio"))
		synctest.Wait() // for the goroutine that removes the visitor
		assert.Equal(h, 1, h.Inside())
	})
}

func TestAVisitorWithoutASeatStaysOut(t *testing.T) {
	inHouse(t, func(h *house) {
		h.lic1.Take("studio", 2) // other clients hold both seats
		h.lic2.Down()
		assert.ErrorContains(h, h.Enter(h.Context(), "ann"), "no seat for ann: checkout studio 0.0 x1: lic1:6200: NoSeats; lic2:6200:")
		assert.Zero(h, h.Inside())
		h.lic1.PutBack("studio", 2)
	})
}

func TestVisitorsDoNotNoticeARestart(t *testing.T) {
	inHouse(t, func(h *house) {
		h.enter("ann")
		pass(time.Hour)
		assert.Equal(h, []string{"CheckedOut"}, h.events(), "no event while all is well")
		h.lic1.Down()
		pass(2 * time.Minute)
		h.lic1.Restart() // with its ledger: it still knows the seat
		pass(2 * time.Minute)
		events := h.events()
		assert.Subset(h, events, []string{"ConnectionLost", "ServerRestarted", "RetryingFeature", "CheckoutSucceeded"})
		assert.NotContains(h, events, "LicenseLost")
		assert.Equal(h, 1, h.Inside())
		assert.Equal(h, 1, h.lic1.Stats().Takes, "the seat was taken once")
	})
}

func TestVisitorsMoveToTheOtherServer(t *testing.T) {
	inHouse(t, func(h *house) {
		h.enter("ann")
		pass(time.Hour)
		h.lic1.BlackHole(true) // neither answers nor errors, as when a cable is cut
		pass(10 * time.Minute)
		assert.Contains(h, h.events(), "FailedOver")
		assert.Equal(h, 1, h.Inside())
		assert.Equal(h, 1, h.lic2.Held("studio"))
		h.lic1.BlackHole(false)
	})
}

func TestAVisitorWhoseSeatIsRevokedIsShownOut(t *testing.T) {
	inHouse(t, func(h *house) {
		h.enter("ann")
		h.lic1.RevokeFeature("studio")
		pass(2 * time.Minute)
		assert.Zero(h, h.Inside())
		assert.Equal(h, []string{"CheckedOut", "LicenseLost"}, h.events())
	})
}

func TestTheStudioStaysOpenWithoutServers(t *testing.T) {
	inHouse(t, func(h *house) {
		h.enter("ann")
		h.lic1.Down()
		h.lic2.Down()
		pass(10 * time.Minute)
		assert.Zero(h, h.Inside())
		h.lic1.Up()
		h.enter("bob")
	})
}

// A test that something does not happen looks at what the server receives.
func TestNoHeartbeatIsSentWithoutVisitors(t *testing.T) {
	inHouse(t, func(h *house) {
		h.enter("ann")
		require.NoError(h, h.Leave(h.Context(), "ann"))
		before := h.lic1.Stats().Heartbeats
		pass(24 * time.Hour)
		assert.Equal(h, before, h.lic1.Stats().Heartbeats)
	})
}
