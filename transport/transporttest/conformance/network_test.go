package conformance_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
	"github.com/seatbeat/seatbeat/transport/transporttest/conformance"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestNetworkConforms(t *testing.T) {
	conformance.Run(t, func(*testing.T) conformance.Fixture {
		f, _ := networkFixture()
		return f
	})
}

// The calls pass through the transport that has defects in other tests: without a defect it changes nothing.
func TestNetworkConformsWithASharedServer(t *testing.T) {
	f, server := networkFixture()
	f.Transport = &defective{Transport: f.Transport, server: server}
	conformance.Run(t, func(t *testing.T) conformance.Fixture {
		t.Cleanup(func() {
			server.ClearFaults()
			server.Up()
			server.SetClientTimeout(0)
		})
		return f
	})
	assert.Zero(t, server.HeldTotal(), "the suite returns the seats that it took")
}

// networkFixture returns a new fake network and its server, with every control that the suite knows.
func networkFixture() (conformance.Fixture, *transporttest.Server) {
	n := transporttest.NewNetwork()
	s := n.AddServer("lic1", map[string]int{"cad": 3, "bulk": 2 * transport.MaxLeases, "local": 1})
	n.Alias("lic2", s)
	s.SetVersion("cad", messages.V(2, 1))
	s.MarkLocal("local")
	return conformance.Fixture{
		Transport: n, Address: "lic1", Feature: "cad", Seats: 3, Version: messages.V(2, 1),
		Plenty: "bulk", Local: "local", Alias: "lic2", Waits: true,
		Restart:          s.Restart,
		Stop:             s.Down,
		Freeze:           func() { s.BlackHole(true) },
		Refuse:           func() { s.Refuse(&transport.Refusal{Reason: messages.Draining}) },
		Revoke:           func(lease messages.LeaseID) { s.Revoke(lease) },
		SetClientTimeout: s.SetClientTimeout,
	}, s
}
