package grpctransport

import (
	"context"
	"net"
	"sync"
)

// dialer dials for one session and remembers the connection, so that Close can cut it. The way of gRPC to close a
// connection writes a goodbye first, and waits for seconds when the network swallows that.
type dialer struct {
	net net.Dialer

	mu     sync.Mutex
	closed bool
	open   net.Conn // the latest connection
}

func newDialer() *dialer { return &dialer{} }

// dial opens a connection. It fails after close.
func (d *dialer) dial(ctx context.Context, address string) (net.Conn, error) {
	conn, err := d.net.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	d.open = conn
	return conn, nil
}

// close cuts the connection and refuses to dial again.
func (d *dialer) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if d.open != nil {
		_ = d.open.Close()
	}
}
