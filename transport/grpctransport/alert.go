package grpctransport

import (
	"context"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc/credentials"
)

// alertWait is how long a failed write waits for the alert that tells why. It has arrived already: the server sent it before
// it closed the connection.
const alertWait = 200 * time.Millisecond

// alertReader makes the error of a refused certificate the server's own words. With TLS 1.3 a client is done with its
// handshake before the server has looked at the client's certificate. A server that refuses it sends an alert and closes,
// and the client's first write fails as a broken pipe, unless its reader has met the alert first.
type alertReader struct {
	credentials.TransportCredentials
}

// ClientHandshake returns a connection whose failed writes tell of the alert.
func (c alertReader) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := c.TransportCredentials.ClientHandshake(ctx, authority, raw)
	if err != nil {
		return nil, nil, err
	}
	return &alertConn{Conn: conn, ended: make(chan struct{})}, info, nil
}

// Clone returns a copy.
func (c alertReader) Clone() credentials.TransportCredentials {
	return alertReader{c.TransportCredentials.Clone()}
}

// alertConn is a connection that gRPC reads and writes in two goroutines. Its reader never stops before an error, and so
// meets the alert in any case.
type alertConn struct {
	net.Conn
	once  sync.Once
	ended chan struct{} // closed when a read has failed
	cause error         // of the first read that failed; set before ended is closed
}

// Read reads, and keeps the first error.
func (c *alertConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil {
		c.once.Do(func() {
			c.cause = err
			close(c.ended)
		})
	}
	return n, err
}

// Write writes. When that fails, its error is why reading failed, as soon as that is known.
func (c *alertConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if err == nil {
		return n, nil
	}
	select {
	case <-c.ended:
		return n, c.cause
	case <-time.After(alertWait):
		return n, err
	}
}
