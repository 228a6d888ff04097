package grpctransport

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/wire"
)

func TestADialerDoesNotDialAfterClose(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	host, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	d := newDialer(host, port)
	conn, err := d.dial(t.Context(), target)
	require.NoError(t, err)
	d.close()
	_, err = conn.Write([]byte{1})
	require.ErrorIs(t, err, net.ErrClosed)
	_, err = d.dial(t.Context(), target)
	assert.ErrorIs(t, err, net.ErrClosed)
}

// A peer that vanished acknowledges nothing: the buffer of the socket fills up, and then the goodbye of gRPC blocks.
func TestCloseDoesNotWaitForAPeerThatTakesNothingMore(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := grpc.NewServer(grpc.StaticStreamWindowSize(1<<24), grpc.StaticConnWindowSize(1<<24))
	wire.RegisterSeatsServer(s, &fakeSeats{hello: goodHello})
	go func() { _ = s.Serve(server) }()
	defer s.Stop()

	proxy, stall := stallingProxy(t, server.Addr().String())
	opened, err := New(Config{Insecure: true}).Connect(t.Context(), transport.Address(proxy))
	require.NoError(t, err)
	require.NoError(t, opened.(*session).dialer.open.(*net.TCPConn).SetWriteBuffer(4<<10))
	stall()

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			_, err := opened.Heartbeat(ctx, make([]messages.LeaseID, transport.MaxLeases))
			assert.Error(t, err)
		})
	}
	time.Sleep(50 * time.Millisecond) // for the writer to get stuck; too short a time makes the test pass, not fail
	began := time.Now()
	require.NoError(t, opened.Close())
	assert.Less(t, time.Since(began), 4*time.Second, "gRPC would wait for its goodbye for five")
	wg.Wait()
}

// stallingProxy passes one connection on to a server until stall is called. From then on it reads nothing.
func stallingProxy(t *testing.T, server string) (address string, stall func()) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	back, err := net.Dial("tcp", server)
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = listener.Close()
		_ = back.Close()
	})
	stalled := make(chan struct{})
	go func() {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		_ = client.(*net.TCPConn).SetReadBuffer(4 << 10)
		go func() { _, _ = io.Copy(client, back) }()
		go func() {
			buffer := make([]byte, 4<<10)
			for {
				n, err := client.Read(buffer)
				select {
				case <-stalled:
					<-t.Context().Done()
					_ = client.Close()
					return
				default:
				}
				if _, writeErr := back.Write(buffer[:n]); err != nil || writeErr != nil {
					return
				}
			}
		}()
	}()
	return listener.Addr().String(), func() { close(stalled) }
}
