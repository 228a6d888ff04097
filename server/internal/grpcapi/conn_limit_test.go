package grpcapi

import (
	"log/slog"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSourcesAreCountedByAddressAndByNetworkOfIPv6(t *testing.T) {
	s := NewConnLimiter(1, slog.New(slog.DiscardHandler))
	var last *countedConn
	enters := func(ip string) bool {
		last = s.enter(connFrom{remote: &net.TCPAddr{IP: net.ParseIP(ip), Port: 1}})
		return last != nil
	}
	require.True(t, enters("192.0.2.1"))
	first := last
	assert.False(t, enters("::ffff:192.0.2.1"))
	assert.True(t, enters("192.0.2.2"))
	assert.True(t, enters("2001:db8::1"))
	assert.False(t, enters("2001:db8::ffff:1"))
	assert.True(t, enters("2001:db8:0:1::1"))
	assert.True(t, enters("::1"))
	require.NoError(t, first.Close())
	assert.True(t, enters("192.0.2.1"))
	_, limited := sourceOf(&net.UnixAddr{})
	assert.False(t, limited)
}

// connFrom is a connection that has nothing but its source.
type connFrom struct {
	net.Conn
	remote net.Addr
}

func (c connFrom) RemoteAddr() net.Addr { return c.remote }

func (connFrom) Close() error { return nil }
