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
	enters := func(ip string) bool {
		source, limited := sourceOf(&net.TCPAddr{IP: net.ParseIP(ip), Port: 1})
		require.True(t, limited)
		return s.enter(source)
	}
	assert.True(t, enters("192.0.2.1"))
	assert.False(t, enters("::ffff:192.0.2.1"))
	assert.True(t, enters("192.0.2.2"))
	assert.True(t, enters("2001:db8::1"))
	assert.False(t, enters("2001:db8::ffff:1"))
	assert.True(t, enters("2001:db8:0:1::1"))
	assert.True(t, enters("::1"))
	source, _ := sourceOf(&net.TCPAddr{IP: net.ParseIP("192.0.2.1")})
	s.leave(source)
	assert.True(t, enters("192.0.2.1"))
	_, limited := sourceOf(&net.UnixAddr{})
	assert.False(t, limited)
}
