package transporttest

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

func TestNetworkConforms(t *testing.T) {
	Conformance(t, func(*testing.T) Fixture {
		f, _ := fakeFixture()
		return f
	})
}

// It runs through the wrapper that brings in the defects of other tests, which is harmless without one.
func TestNetworkConformsWithASharedServer(t *testing.T) {
	f, server := fakeFixture()
	f.Transport = &broken{Transport: f.Transport, server: server}
	Conformance(t, func(t *testing.T) Fixture {
		t.Cleanup(func() {
			server.ClearFaults()
			server.Up()
			server.SetClientTimeout(0)
		})
		return f
	})
	assert.Zero(t, server.HeldTotal(), "the suite gives back what it took")
}

// fakeFixture returns a new network and the server on it, with every control that the suite knows.
func fakeFixture() (Fixture, *Server) {
	n := NewNetwork()
	s := n.AddServer("lic1", map[string]int{"cad": 3, "bulk": 2 * transport.MaxLeases, "local": 1})
	n.Alias("lic2", s)
	s.SetVersion("cad", messages.V(2, 1))
	s.MarkLocal("local")
	return Fixture{
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
