package grpctransport_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/transport"
)

// freezingProxy passes connections on to a server until it is frozen. From then on it swallows what either side sends,
// like a firewall that drops packets.
type freezingProxy struct {
	listener net.Listener
	server   string
	frozen   chan struct{} // closed by freeze
	over     chan struct{} // closed at the end of the test
}

func newFreezingProxy(t *testing.T, server string) *freezingProxy {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &freezingProxy{listener: listener, server: server, frozen: make(chan struct{}), over: make(chan struct{})}
	go p.accept()
	t.Cleanup(func() {
		close(p.over)
		_ = listener.Close()
	})
	return p
}

func (p *freezingProxy) address() transport.Address {
	return transport.Address(p.listener.Addr().String())
}

func (p *freezingProxy) freeze() { close(p.frozen) }

func (p *freezingProxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		go p.pass(client, server)
		go p.pass(server, client)
	}
}

// pass copies from one side to the other. When the proxy is frozen, it discards what it reads.
func (p *freezingProxy) pass(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		select {
		case <-p.frozen:
			if err != nil {
				<-p.over // the end of a connection is not passed on either
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
