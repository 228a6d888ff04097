package grpcapi

import (
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// ConnLimiter bounds the open connections from one source. It is safe for concurrent use.
type ConnLimiter struct {
	most int // from one source
	log  *slog.Logger
	open atomic.Int64

	mu     sync.Mutex
	counts map[netip.Addr]int
}

// NewConnLimiter returns a limiter that accepts up to most connections from one source at a time.
func NewConnLimiter(most int, log *slog.Logger) *ConnLimiter {
	return &ConnLimiter{most: most, log: log, counts: make(map[netip.Addr]int)}
}

// Open returns how many connections are open.
func (l *ConnLimiter) Open() int64 { return l.open.Load() }

// Limit returns a listener that closes a connection at once when its source has too many.
func (l *ConnLimiter) Limit(listener net.Listener) net.Listener { return limitedListener{listener, l} }

// sourceOf returns the source under which a connection is counted: the IPv4 address, or the IPv6 network of 64 bits,
// because a host can use every address of such a network. Connections that do not come over an IP network are not
// limited.
func sourceOf(remote net.Addr) (source netip.Addr, limited bool) {
	tcp, ok := remote.(*net.TCPAddr)
	if !ok {
		return source, false
	}
	source = tcp.AddrPort().Addr().Unmap().WithZone("")
	if source.Is6() && !source.IsLoopback() {
		network, err := source.Prefix(64)
		if err != nil {
			return netip.Addr{}, false
		}
		source = network.Addr()
	}
	return source, source.IsValid()
}

// enter counts a connection, unless its source has too many already.
func (l *ConnLimiter) enter(source netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.counts[source] >= l.most {
		return false
	}
	l.counts[source]++
	return true
}

func (l *ConnLimiter) leave(source netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.counts[source]--; l.counts[source] == 0 {
		delete(l.counts, source)
	}
}

// accepted counts an open connection until it is closed.
func (l *ConnLimiter) accepted(conn net.Conn, source netip.Addr, limited bool) net.Conn {
	l.open.Add(1)
	return &countedConn{Conn: conn, end: sync.OnceFunc(func() {
		l.open.Add(-1)
		if limited {
			l.leave(source)
		}
	})}
}

// limitedListener accepts the connections within the limit.
type limitedListener struct {
	net.Listener
	limiter *ConnLimiter
}

// Accept returns the next connection within the limit.
func (l limitedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		source, limited := sourceOf(conn.RemoteAddr())
		if limited && !l.limiter.enter(source) {
			l.limiter.log.Debug("connection refused: too many from its source", "source", source)
			_ = conn.Close()
			continue
		}
		return l.limiter.accepted(conn, source, limited), nil
	}
}

// countedConn is counted until it is closed.
type countedConn struct {
	net.Conn
	end func()
}

// Close closes the connection.
func (c *countedConn) Close() error {
	defer c.end()
	return c.Conn.Close()
}
