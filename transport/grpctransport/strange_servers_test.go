package grpctransport

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/seatbeat/seatbeat/internal/testcert"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// accept serves each connection to an address by a function, and counts them.
func accept(t *testing.T, serve func(net.Conn)) (transport.Address, *atomic.Int64) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	accepted := new(atomic.Int64)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			accepted.Add(1)
			go serve(conn)
		}
	}()
	return transport.Address(listener.Addr().String()), accepted
}

func connectError(t *testing.T, config Config, address transport.Address) error {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err := New(config).Connect(ctx, address)
	require.Error(t, err)
	return err
}

// gRPC repeated a connect that was answered by a goodbye some 140 times.
func TestAServerThatSaysGoodbyeAtOnceGetsFewConnections(t *testing.T) {
	address, accepted := accept(t, func(conn net.Conn) {
		defer conn.Close()
		settings := []byte{0, 0, 0, 4, 0, 0, 0, 0, 0}
		goAway := []byte{0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
		_, _ = conn.Write(append(settings, goAway...)) // frames of RFC 9113
		_, _ = io.Copy(io.Discard, conn)
	})
	err := connectError(t, Config{Insecure: true}, address)
	assert.LessOrEqual(t, accepted.Load(), int64(maxUnanswered))
	assert.ErrorContains(t, err, "without an answer", "%d connections", accepted.Load())
}

func TestAServerThatClosesAtOnceGetsFewConnections(t *testing.T) {
	for name, config := range map[string]Config{"plain": {Insecure: true}, "TLS": {TLS: testcert.New(t).Client("c", "")}} {
		address, accepted := accept(t, func(conn net.Conn) { _ = conn.Close() })
		err := connectError(t, config, address)
		assert.LessOrEqual(t, accepted.Load(), int64(maxUnanswered), name)
		assert.ErrorContains(t, err, "may be at its limit", name)
	}
}

func TestAServerThatWasAwayIsReachedAgainByTheSameSession(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	serve := func(l net.Listener) *grpc.Server {
		s := grpc.NewServer()
		wire.RegisterSeatsServer(s, &fakeSeats{hello: goodHello, heartbeat: func() (*wire.HeartbeatReply, error) {
			return &wire.HeartbeatReply{Hello: goodHello}, nil
		}})
		go func() { _ = s.Serve(l) }()
		return s
	}
	s := serve(listener)
	session, err := New(Config{Insecure: true}).Connect(t.Context(), transport.Address(listener.Addr().String()))
	require.NoError(t, err)
	defer session.Close()
	for range 2 * maxUnanswered {
		s.Stop()
		again, err := net.Listen("tcp", listener.Addr().String())
		require.NoError(t, err)
		s = serve(again)
		require.Eventually(t, func() bool {
			_, err := session.Heartbeat(t.Context(), []messages.LeaseID{{1}})
			return err == nil
		}, 10*time.Second, 10*time.Millisecond)
	}
	s.Stop()
}

// secureServer serves over TLS.
func secureServer(t *testing.T, config *tls.Config) transport.Address {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := grpc.NewServer(grpc.Creds(credentials.NewTLS(config)))
	wire.RegisterSeatsServer(s, &fakeSeats{hello: goodHello})
	go func() { _ = s.Serve(listener) }()
	t.Cleanup(s.Stop)
	return transport.Address(listener.Addr().String())
}

// A third of these read "broken pipe": the client's first write met the closed connection before its reader met the alert.
func TestAClientWhoseCertificateIsRefusedIsToldSoEachTime(t *testing.T) {
	authority := testcert.New(t)
	foreign := testcert.New(t).Client("mallory", "")
	foreign.RootCAs = authority.Pool()
	none := &tls.Config{RootCAs: authority.Pool()}
	address := secureServer(t, authority.Server())
	for _, c := range []struct {
		name, want string
		config     *tls.Config
	}{
		{"expired", "has expired", authority.Expired("ada")},
		{"foreign", "authority", foreign},
		{"missing", "only clients that have a certificate", none},
	} {
		for range 50 {
			require.ErrorContains(t, connectError(t, Config{TLS: c.config}, address), c.want, c.name)
		}
	}
}

func TestAConnectSaysWhatElseMayBeAtAnAddress(t *testing.T) {
	authority := testcert.New(t)
	client := Config{TLS: authority.Client("c", "")}
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	plain := grpc.NewServer()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = plain.Serve(listener) }()
	defer plain.Stop()
	for _, c := range []struct {
		name, want string
		config     Config
		address    transport.Address
	}{
		{"no TLS towards TLS", "expect TLS", Config{Insecure: true}, secureServer(t, authority.Server())},
		{"TLS towards none", "speaks no TLS", client, transport.Address(listener.Addr().String())},
		{"a web server", "another protocol", Config{Insecure: true}, transport.Address(web.Listener.Addr().String())},
	} {
		assert.ErrorContains(t, connectError(t, c.config, c.address), c.want, c.name)
	}
}

func TestAnAddressIsNoURL(t *testing.T) {
	listener, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no IPv6")
	}
	s := grpc.NewServer()
	wire.RegisterSeatsServer(s, &fakeSeats{hello: goodHello})
	go func() { _ = s.Serve(listener) }()
	defer s.Stop()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	session, err := New(Config{Insecure: true}).Connect(t.Context(), transport.Address(net.JoinHostPort("::1%1", port)))
	require.NoError(t, err, "an address with an interface")
	require.NoError(t, session.Close())
	useNameServer(t, 0)
	assert.ErrorContains(t, connectError(t, Config{Insecure: true}, transport.Address("127.0.0.%31:"+port)), "no such host")
}
