package grpcapi

import (
	"net"

	"google.golang.org/grpc/credentials"
)

// watchedCredentials are the credentials of the server. They note on each connection that its client has spoken.
type watchedCredentials struct {
	credentials.TransportCredentials
}

// ServerHandshake authenticates the client.
func (w watchedCredentials) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := w.TransportCredentials.ServerHandshake(raw)
	if counted, ok := raw.(*countedConn); ok && err == nil {
		conn = &watchedConn{Conn: conn, counted: counted}
	}
	return conn, info, err
}

// Clone returns a copy.
func (w watchedCredentials) Clone() credentials.TransportCredentials {
	return watchedCredentials{w.TransportCredentials.Clone()}
}

// watchedConn is a connection after its handshake.
type watchedConn struct {
	net.Conn
	counted *countedConn
}

// Read reads what the client says.
func (c *watchedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && !c.counted.spoke.Load() {
		c.counted.noteSpoken()
	}
	return n, err
}
