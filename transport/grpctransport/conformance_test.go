package grpctransport_test

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/testcert"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

func TestTransportConformsWithMutualTLS(t *testing.T) {
	authority := testcert.New(t)
	transporttest.Conformance(t, func(t *testing.T) transporttest.Fixture {
		return fixture(t, server.Config{TLS: authority.Server()}, grpctransport.Config{TLS: authority.Client("c1", "")})
	})
}

func TestTransportConformsWithoutTLS(t *testing.T) {
	transporttest.Conformance(t, func(t *testing.T) transporttest.Fixture {
		return fixture(t, server.Config{Insecure: true}, grpctransport.Config{Insecure: true})
	})
}

// fixture is a server of its own for one promise, with a swamp before it for the network to freeze.
func fixture(t *testing.T, config server.Config, client grpctransport.Config) transporttest.Fixture {
	config.Features = []server.Feature{
		{Name: "cad", Version: messages.V(2, 1), Seats: 3},
		{Name: "bulk", Version: messages.V(1, 0), Seats: 2 * transport.MaxLeases},
	}
	s := startStage(t, config, client)
	swamp := newSwamp(t, string(s.address))
	return transporttest.Fixture{
		Transport: grpctransport.New(client),
		Address:   swamp.address(),
		Feature:   "cad", Seats: 3, Version: messages.V(2, 1),
		Plenty:  "bulk",
		Alias:   s.address,
		Waits:   true,
		Restart: s.restart,
		Stop:    s.stop,
		Freeze:  swamp.freeze,
		Refuse:  func() { s.server.Drain() },
		Revoke:  func(lease messages.LeaseID) { require.NoError(t, s.server.Revoke(soon(t), lease)) },
		SetClientTimeout: func(timeout time.Duration) {
			s.config.ClientTimeout = timeout
			s.restart()
		},
	}
}

// swamp passes connections on to a server until it freezes: then everything sinks in, without a word.
type swamp struct {
	listener net.Listener
	server   string
	frozen   chan struct{} // closed when frozen
	gone     chan struct{} // closed with the test
}

func newSwamp(t *testing.T, server string) *swamp {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &swamp{listener: listener, server: server, frozen: make(chan struct{}), gone: make(chan struct{})}
	go s.accept()
	t.Cleanup(func() {
		close(s.gone)
		_ = listener.Close()
	})
	return s
}

func (s *swamp) address() transport.Address { return transport.Address(s.listener.Addr().String()) }

func (s *swamp) freeze() { close(s.frozen) }

func (s *swamp) accept() {
	for {
		client, err := s.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", s.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		go s.pass(client, server)
		go s.pass(server, client)
	}
}

// pass copies from one side to the other. What it reads when frozen it forgets.
func (s *swamp) pass(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		select {
		case <-s.frozen:
			if err != nil {
				<-s.gone // not even the end of a connection is passed on
				return
			}
			continue
		default:
		}
		if err != nil {
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}
