package grpctransport_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/testcert"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/server/license"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
	"github.com/seatbeat/seatbeat/transport/transporttest/conformance"
)

func TestTransportConformsWithMutualTLS(t *testing.T) {
	authority := testcert.New(t)
	conformance.Run(t, func(t *testing.T) conformance.Fixture {
		return fixture(t, server.Config{TLS: authority.Server()}, grpctransport.Config{TLS: authority.Client("c1", "")})
	})
}

func TestTransportConformsWithoutTLS(t *testing.T) {
	conformance.Run(t, func(t *testing.T) conformance.Fixture {
		return fixture(t, server.Config{Insecure: true}, grpctransport.Config{Insecure: true})
	})
}

// fixture returns a new server for one promise, behind a proxy that can freeze.
func fixture(t *testing.T, config server.Config, client grpctransport.Config) conformance.Fixture {
	config.Features = []license.Feature{
		{Name: "cad", Version: messages.V(2, 1), Seats: 3},
		{Name: "bulk", Version: messages.V(1, 0), Seats: 2 * transport.MaxLeases},
	}
	h := startHarness(t, config, client)
	proxy := newFreezingProxy(t, string(h.address))
	return conformance.Fixture{
		Transport: grpctransport.New(client),
		Address:   proxy.address(),
		Feature:   "cad", Seats: 3, Version: messages.V(2, 1),
		Plenty:  "bulk",
		Alias:   h.address,
		Waits:   true,
		Restart: h.restart,
		Stop:    h.stop,
		Freeze:  proxy.freeze,
		Refuse:  func() { h.server.Drain() },
		Revoke:  func(lease messages.LeaseID) { require.NoError(t, h.server.Revoke(soon(t), lease)) },
		SetClientTimeout: func(timeout time.Duration) {
			h.config.ClientTimeout = timeout
			h.restart()
		},
	}
}
