package grpctransport

import (
	"context"
	"encoding/binary"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// nameServer answers each question for IPv4 addresses with all of them, and has no IPv6 ones. It stays silent to the first
// few packets.
type nameServer struct {
	conn      net.PacketConn
	addresses []net.IP
	silent    int64
	asked     atomic.Int64
}

// useNameServer makes every name of the test one of a name server on this machine.
func useNameServer(t *testing.T, silent int64, addresses ...string) *nameServer {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &nameServer{conn: conn, silent: silent}
	for _, a := range addresses {
		s.addresses = append(s.addresses, net.ParseIP(a).To4())
	}
	go s.serve()
	was := defaultResolver
	r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	defaultResolver = func() *net.Resolver { return r }
	t.Cleanup(func() {
		defaultResolver = was
		_ = conn.Close()
	})
	return s
}

func (s *nameServer) serve() {
	packet := make([]byte, 1500)
	for {
		n, from, err := s.conn.ReadFrom(packet)
		if err != nil {
			return
		}
		if s.asked.Add(1) > s.silent {
			_, _ = s.conn.WriteTo(s.answer(packet[:n]), from)
		}
	}
}

// answer returns the reply of RFC 1035 to a query of one question.
func (s *nameServer) answer(query []byte) []byte {
	end := 12
	for query[end] != 0 {
		end += int(query[end]) + 1
	}
	question := query[12 : end+5]
	var addresses []net.IP
	if binary.BigEndian.Uint16(query[end+1:]) == 1 { // type A
		addresses = s.addresses
	}
	reply := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, byte(len(addresses)), 0, 0, 0, 0}, question...)
	for _, a := range addresses {
		reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4)
		reply = append(reply, a...)
	}
	return reply
}

// The first packets of a lookup were lost: the resolver's own repetition, after 5 s, came when the time of the connect was up.
func TestALostQuestionForANameCostsASecond(t *testing.T) {
	s := useNameServer(t, 2, "127.0.0.1")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	addresses, err := lookUp(ctx, "licences.test")
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.1", addresses[0].String())
	assert.Greater(t, s.asked.Load(), int64(2))
}

func TestAnIPAddressIsNotLookedUp(t *testing.T) {
	s := useNameServer(t, 0)
	for _, host := range []string{"127.0.0.1", "::1", "fe80::1%lo"} {
		addresses, err := lookUp(t.Context(), host)
		require.NoError(t, err)
		assert.Equal(t, host, addresses[0].String())
	}
	assert.Zero(t, s.asked.Load())
}

func TestANameThatDoesNotExistIsAskedForOnce(t *testing.T) {
	useNameServer(t, 0) // it answers, without an address
	_, err := lookUp(t.Context(), "nowhere.test")
	var fault *net.DNSError
	require.ErrorAs(t, err, &fault)
	assert.True(t, fault.IsNotFound)
}

func TestALookUpEndsWithItsContext(t *testing.T) {
	useNameServer(t, 1<<60)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := lookUp(ctx, "licences.test")
	assert.Error(t, err)
}
