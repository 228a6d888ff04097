package grpcapi

import (
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// ConnLimiter bounds the open connections from one source, and closes connections when the server stops: gRPC waits for
// those that have said nothing yet. It is safe for concurrent use.
type ConnLimiter struct {
	most int // from one source
	log  *slog.Logger

	mu      sync.Mutex
	counts  map[netip.Addr]int
	open    map[*countedConn]struct{}
	stopped bool // no connection is accepted any more
}

// NewConnLimiter returns a limiter that accepts up to most connections from one source at a time.
func NewConnLimiter(most int, log *slog.Logger) *ConnLimiter {
	return &ConnLimiter{most: most, log: log, counts: make(map[netip.Addr]int), open: make(map[*countedConn]struct{})}
}

// Open returns how many connections are open.
func (l *ConnLimiter) Open() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(len(l.open))
}

// CloseSilent closes the connections on which no client has authenticated itself and spoken yet, and accepts no further
// ones.
func (l *ConnLimiter) CloseSilent() { l.close(func(c *countedConn) bool { return !c.spoke.Load() }) }

// CloseAll closes all connections, and accepts no further ones.
func (l *ConnLimiter) CloseAll() { l.close(func(*countedConn) bool { return true }) }

func (l *ConnLimiter) close(which func(*countedConn) bool) {
	l.mu.Lock()
	l.stopped = true
	var closing []*countedConn
	for c := range l.open {
		if which(c) {
			closing = append(closing, c)
		}
	}
	l.mu.Unlock()
	for _, c := range closing {
		_ = c.Close()
	}
}

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

// enter counts an open connection until it is closed. It returns nil when the source has too many already, or when the
// server stops.
func (l *ConnLimiter) enter(conn net.Conn) *countedConn {
	source, limited := sourceOf(conn.RemoteAddr())
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped {
		return nil
	}
	if limited && l.counts[source] >= l.most {
		l.log.Debug("connection refused: too many from its source", "source", source)
		return nil
	}
	if limited {
		l.counts[source]++
	}
	c := &countedConn{Conn: conn}
	c.end = sync.OnceFunc(func() { l.leave(c, source, limited) })
	l.open[c] = struct{}{}
	return c
}

func (l *ConnLimiter) leave(c *countedConn, source netip.Addr, limited bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
	if !limited {
		return
	}
	if l.counts[source]--; l.counts[source] == 0 {
		delete(l.counts, source)
	}
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
		if counted := l.limiter.enter(conn); counted != nil {
			return counted, nil
		}
		_ = conn.Close()
	}
}

// countedConn is counted until it is closed.
type countedConn struct {
	net.Conn
	end   func()
	spoke atomic.Bool // the client has authenticated itself and sent something
}

// noteSpoken notes that the client has spoken.
func (c *countedConn) noteSpoken() { c.spoke.Store(true) }

// Close closes the connection.
func (c *countedConn) Close() error {
	defer c.end()
	return c.Conn.Close()
}
