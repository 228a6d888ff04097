package httptransport

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
	"github.com/seatbeat/seatbeat/transport/transporttest/conformance"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTransportConforms(t *testing.T) { conformance.Run(t, fixture) }

// fixture returns a new fake licence server with a gateway at two addresses, for one promise.
func fixture(t *testing.T) conformance.Fixture {
	network := transporttest.NewNetwork()
	server := network.AddServer("backend", map[string]int{"cad": 3, "bulk": 2 * transport.MaxLeases, "local": 1})
	server.SetVersion("cad", messages.V(2, 1))
	server.MarkLocal("local")
	gateway := newGateway(t, network, "backend")
	site, alias := listen(t, gateway), listen(t, gateway)
	return conformance.Fixture{
		Transport: Transport{},
		Address:   addressOf(site),
		Feature:   "cad", Seats: 3, Version: messages.V(2, 1),
		Plenty: "bulk", Local: "local", Alias: addressOf(alias), Waits: true,
		Restart: func() {
			site.CloseClientConnections()
			alias.CloseClientConnections()
			server.Restart()
		},
		Stop:             site.Close,
		Freeze:           func() { server.BlackHole(true) },
		Refuse:           func() { server.Refuse(&transport.Refusal{Reason: messages.Draining}) },
		Revoke:           func(lease messages.LeaseID) { server.Revoke(lease) },
		SetClientTimeout: server.SetClientTimeout,
	}
}

// newGateway returns a gateway that is closed with the test, after the sites that listen returns.
func newGateway(t *testing.T, backend transport.Transport, address transport.Address) *Gateway {
	g := NewGateway(backend, address)
	t.Cleanup(func() { assert.NoError(t, g.Close()) })
	return g
}

func listen(t *testing.T, handler http.Handler) *httptest.Server {
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s
}

func addressOf(s *httptest.Server) transport.Address {
	return transport.Address(strings.TrimPrefix(s.URL, "http://"))
}
