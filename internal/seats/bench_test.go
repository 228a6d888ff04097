package seats

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/testledger"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
)

// BenchmarkBeat is the server's part of a heartbeat without its network: a million leases, expiry and ownership checked.
// One iteration beats one chunk of 4,096.
func BenchmarkBeat(b *testing.B) {
	const leases, perBeat = 1_000_000, 4096
	l := &ledger.Memory{}
	testledger.Fill(b, l, leases, 1, "c")
	s := newHarnessOn(b, l, Config{Features: []license.Feature{plenty}})
	c, ids := s.client(1), testledger.Packed(leases)
	chunk := perBeat * len(testledger.Lease(0))
	at := 0
	b.ReportAllocs()
	for b.Loop() {
		if at+chunk > len(ids) {
			at = 0
			require.False(b, s.allocator.Expire(time.Second, 2048))
		}
		if missed := s.allocator.Beat(c, ids[at:at+chunk], time.Second); len(missed) > 0 {
			b.Fatal("missed")
		}
		at += chunk
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/perBeat, "ns/lease")
}
