package grpctransport

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/credentials"
)

// alertWait is how long a failed write waits for the alert that tells why. It has arrived already: the server sent it before
// it closed the connection.
const alertWait = 200 * time.Millisecond

// handshakes are the TLS handshakes of one session. Each has the certificate and the authorities of its own moment.
type handshakes struct {
	credentials.TransportCredentials        // says what gRPC asks about besides handshakes
	serverName                       string // of a server whose name the configuration leaves open
	config                           func() *tls.Config
}

func newHandshakes(host string, config func() *tls.Config) handshakes {
	name, _, _ := strings.Cut(host, "%") // a certificate names no network interface of ours
	return handshakes{credentials.NewTLS(&tls.Config{ServerName: name}), name, config}
}

// ClientHandshake returns a connection whose failed writes tell why the server closed it. With TLS 1.3 a client is done with
// its handshake before the server has looked at the client's certificate. A server that refuses it sends an alert and
// closes, and the client's first write fails as a broken pipe, unless its reader has met the alert first.
func (h handshakes) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	config := &tls.Config{}
	if latest := h.config(); latest != nil {
		config = latest.Clone()
	}
	if config.MinVersion == 0 {
		config.MinVersion = tls.VersionTLS13
	}
	if config.ServerName == "" {
		config.ServerName = h.serverName
	}
	conn, info, err := credentials.NewTLS(config).ClientHandshake(ctx, authority, raw)
	if err != nil {
		return nil, nil, err
	}
	return &alertConn{Conn: conn, ended: make(chan struct{})}, info, nil
}

// Clone returns a copy.
func (h handshakes) Clone() credentials.TransportCredentials { return h }

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
