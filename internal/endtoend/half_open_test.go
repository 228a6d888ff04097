package endtoend

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
)

// forgetfulProxy passes connections on to a server. When it forgets, it swallows what either side of the connections sends
// that are open, like a firewall that has lost its table; new ones work.
type forgetfulProxy struct {
	server string

	mu        sync.Mutex
	forgotten chan struct{} // closed when the connections that are open are forgotten
}

func newForgetfulProxy(t *testing.T, server string) (*forgetfulProxy, transport.Address) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	p := &forgetfulProxy{server: server, forgotten: make(chan struct{})}
	go p.accept(listener)
	return p, transport.Address(listener.Addr().String())
}

func (p *forgetfulProxy) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.forgotten)
	p.forgotten = make(chan struct{})
}

func (p *forgetfulProxy) accept(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		forgotten := p.forgotten
		p.mu.Unlock()
		go pass(client, server, forgotten)
		go pass(server, client, forgotten)
	}
}

// pass copies from one side to the other until the connection is forgotten.
func pass(from, to net.Conn, forgotten <-chan struct{}) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		select {
		case <-forgotten:
			_, _ = io.Copy(io.Discard, from) // until this side gives up; the other one hears nothing of that
			_ = from.Close()
			return
		default:
		}
		if _, writeErr := to.Write(buffer[:n]); err != nil || writeErr != nil {
			_, _ = from.Close(), to.Close()
			return
		}
	}
}

func TestACheckoutSurvivesAConnectionThatAFirewallForgot(t *testing.T) {
	server := newServer(t, 1, time.Minute)
	proxy, address := newForgetfulProxy(t, server.address)
	rt, err := supervisor.Start(t.Context(), supervisor.Config{
		Servers: []transport.Address{address}, Transport: grpctransport.New(grpctransport.Config{Insecure: true}),
	})
	require.NoError(t, err)
	defer func() { _ = rt.Close(context.Background()) }()
	checkout := messages.Checkout{Feature: "cad", Version: messages.V(1, 0)}
	license, err := rt.Checkout(t.Context(), checkout)
	require.NoError(t, err)
	require.NoError(t, license.Checkin(t.Context()))

	proxy.forget()
	license, err = rt.Checkout(t.Context(), checkout)
	require.NoError(t, err)
	assert.Equal(t, messages.StateHeld, license.Status().State)
	proxy.forget()
	require.NoError(t, license.Heartbeat(t.Context()), "by hand")
}
