package server

import (
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// sources counts the connections that are open, by where they come from.
type sources struct {
	most int // from one source
	log  *slog.Logger
	all  atomic.Int64

	mu     sync.Mutex
	counts map[netip.Addr]int
}

func newSources(most int, log *slog.Logger) *sources {
	return &sources{most: most, log: log, counts: make(map[netip.Addr]int)}
}

// open returns how many connections are open.
func (s *sources) open() int64 { return s.all.Load() }

// sourceOf returns what a connection is counted under: its address, for IPv6 the network of 64 bits, since whoever has
// one address there has all of it. What comes over no network of IP is not limited.
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

// enter counts a connection, unless there are too many from its source already.
func (s *sources) enter(source netip.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts[source] >= s.most {
		return false
	}
	s.counts[source]++
	return true
}

func (s *sources) leave(source netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts[source]--; s.counts[source] == 0 {
		delete(s.counts, source)
	}
}

// limitedListener closes at once what comes past the limit of its source.
type limitedListener struct {
	net.Listener
	sources *sources
}

// Accept returns the next connection within the limit.
func (l limitedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		source, limited := sourceOf(conn.RemoteAddr())
		if limited && !l.sources.enter(source) {
			l.sources.log.Debug("connection refused: too many from its source", "source", source)
			_ = conn.Close()
			continue
		}
		l.sources.all.Add(1)
		return &countedConn{Conn: conn, end: sync.OnceFunc(func() {
			l.sources.all.Add(-1)
			if limited {
				l.sources.leave(source)
			}
		})}, nil
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
