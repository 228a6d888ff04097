package transporttest

import (
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// controls are what a test may do to a server at any time.
var controls = []func(*Network, *Server){
	func(_ *Network, s *Server) { s.Down() },
	func(_ *Network, s *Server) { s.Up() },
	func(_ *Network, s *Server) { s.Up() },
	func(_ *Network, s *Server) { s.Restart() },
	func(_ *Network, s *Server) { s.Forget() },
	func(_ *Network, s *Server) { s.Replace() },
	func(_ *Network, s *Server) { s.Rollback() },
	func(_ *Network, s *Server) { s.RevokeFeature("g") },
	func(_ *Network, s *Server) { s.Take("f", 1) },
	func(_ *Network, s *Server) { s.PutBack("f", 1) },
	func(_ *Network, s *Server) { s.BlackHole(true, Heartbeats) },
	func(_ *Network, s *Server) { s.Delay(50 * time.Millisecond) },
	func(_ *Network, s *Server) { s.DelayReplies(50 * time.Millisecond) },
	func(_ *Network, s *Server) { s.Duplicate(2, 30*time.Millisecond) },
	func(_ *Network, s *Server) { s.DropReplies(2) },
	func(_ *Network, s *Server) { s.Refuse(&transport.Refusal{Reason: messages.Busy}, Checkouts) },
	func(_ *Network, s *Server) { s.ClearFaults() },
	func(_ *Network, s *Server) { s.ClearFaults() },
	func(_ *Network, s *Server) { s.OnCall(func(Call) { s.Leases() }) },
	func(_ *Network, s *Server) { s.Tamper(func(Call, *Reply) { s.Stats() }) },
	func(n *Network, _ *Server) { n.Cut("lic1"); n.Heal("lic1") },
	func(n *Network, s *Server) { n.Alias("lic1b", s) },
}

func TestNothingIsOverissuedOrLeftWhateverHappensAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, n *Network, s *Server, _ *testClient) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { useWhateverHappens(t, n) })
		}
		for range 1000 {
			controls[rand.N(len(controls))](n, s)
			assert.LessOrEqual(t, s.Held("f"), 3)
			assert.LessOrEqual(t, s.Held("g"), 1)
			time.Sleep(rand.N(20 * time.Millisecond))
		}
		wg.Wait()
		s.PutBack("f", 3)
		time.Sleep(time.Second) // delayed requests and copies still arrive, and a heartbeat among them renews a lease
		time.Sleep(DefaultClientTimeout)
		assert.Zero(t, s.HeldTotal())
		synctest.Wait()
	})
}

// useWhateverHappens checks out, sends heartbeats and returns seats for some seconds, as one client. It expects only
// that every call ends.
func useWhateverHappens(t *testing.T, n *Network) {
	c := &testClient{t: t, client: transport.Client{Instance: randomRequest()}}
	for began := time.Now(); time.Since(began) < 10*time.Second; time.Sleep(rand.N(20 * time.Millisecond)) {
		session, err := n.Connect(c.context(), "lic1")
		if err != nil {
			continue
		}
		ctx, cancel := contextFor(t, 100*time.Millisecond)
		var leases []messages.LeaseID
		reply, _ := session.Checkout(ctx, []transport.Take{takeOf("f", 1), takeOf("g", 1)})
		for _, o := range reply.Outcomes {
			leases = append(leases, o.Lease)
		}
		_, _ = session.Heartbeat(ctx, leases)
		for _, lease := range leases {
			_, _ = session.Checkin(ctx, []transport.Return{{Lease: lease}})
		}
		cancel()
		_ = session.Close()
	}
}

func TestANetworkWorksOutsideABubble(t *testing.T) {
	n := NewNetwork()
	s := n.AddServer("lic1", map[string]int{"f": 1})
	s.SetClientTimeout(time.Millisecond)
	c := connectClient(t, n, "lic1")
	s.Delay(time.Millisecond)
	c.beat()
	c.hold("f", 1)
	require.Eventually(t, func() bool { return s.Held("f") == 0 }, 10*time.Second, time.Millisecond)
}
