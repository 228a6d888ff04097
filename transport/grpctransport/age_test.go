package grpctransport

import (
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// A server closes connections that are too old or idle for too long. The session goes on over a new connection: no call
// fails and the runtime does not connect again.
func TestASessionOutlivesItsConnections(t *testing.T) {
	for name, bounds := range map[string]keepalive.ServerParameters{
		"too old":  {MaxConnectionAge: 10 * time.Millisecond},
		"too idle": {MaxConnectionIdle: time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			counting := &countingListener{Listener: listener}
			s := grpc.NewServer(grpc.KeepaliveParams(bounds))
			fake := &fakeSeats{hello: goodHello, heartbeat: func() (*wire.HeartbeatReply, error) {
				return &wire.HeartbeatReply{Hello: goodHello}, nil
			}}
			wire.RegisterSeatsServer(s, fake)
			go func() { _ = s.Serve(counting) }()
			defer s.Stop()
			session, err := New(Config{Insecure: true}).Connect(t.Context(), transport.Address(listener.Addr().String()))
			require.NoError(t, err)
			defer func() { require.NoError(t, session.Close()) }()
			for counting.accepted.Load() < 10 {
				before := counting.accepted.Load()
				reply, err := session.Heartbeat(t.Context(), []messages.LeaseID{{1}})
				require.NoError(t, err)
				assert.Empty(t, reply.Ended)
				if bounds.MaxConnectionIdle > 0 {
					require.Eventually(t, func() bool { return counting.closed.Load() >= before }, time.Minute, time.Millisecond)
				}
			}
		})
	}
}

// countingListener counts the connections that it accepted, and those that were closed.
type countingListener struct {
	net.Listener
	accepted, closed atomic.Int64
}

func (l *countingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.accepted.Add(1)
	return &countedConn{Conn: conn, closed: &l.closed}, nil
}

type countedConn struct {
	net.Conn
	closed *atomic.Int64
	once   atomic.Bool
}

func (c *countedConn) Close() error {
	if !c.once.Swap(true) {
		c.closed.Add(1)
	}
	return c.Conn.Close()
}
