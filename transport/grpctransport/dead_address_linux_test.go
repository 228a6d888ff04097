package grpctransport

import (
	"context"
	"net"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// drop makes a port of 127.0.0.1 one that drops packets, as a dead machine does: a socket that listens and whose queue of
// connections is full.
func drop(t *testing.T) (port string) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = syscall.Close(fd) })
	require.NoError(t, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	require.NoError(t, syscall.Listen(fd, 0))
	name, err := syscall.Getsockname(fd)
	require.NoError(t, err)
	port = strconv.Itoa(name.(*syscall.SockaddrInet4).Port)
	for range 8 {
		conn, err := net.DialTimeout("tcp", "127.0.0.1:"+port, 100*time.Millisecond)
		if err != nil {
			return port
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	require.Fail(t, "the port still takes connections")
	return ""
}

// A name had two addresses, and the first one was of a machine that was down: the second was never tried.
func TestAServerIsReachedWhoseFirstAddressIsDead(t *testing.T) {
	port := drop(t)
	listener, err := net.Listen("tcp", "127.0.0.2:"+port)
	require.NoError(t, err)
	s := grpc.NewServer()
	wire.RegisterSeatsServer(s, &fakeSeats{hello: goodHello})
	go func() { _ = s.Serve(listener) }()
	defer s.Stop()
	useNameServer(t, 0, "127.0.0.1", "127.0.0.2")

	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second) // what a connect gets by default
	defer cancel()
	session, err := New(Config{Insecure: true}).Connect(ctx, transport.Address("licences.test:"+port))
	require.NoError(t, err)
	assert.NoError(t, session.Close())
}

func TestAConnectToDeadAddressesOnlyEndsWithItsTime(t *testing.T) {
	port := drop(t)
	useNameServer(t, 0, "127.0.0.1", "127.0.0.1")
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	_, err := New(Config{Insecure: true}).Connect(ctx, transport.Address("licences.test:"+port))
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}
