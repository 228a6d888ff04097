//go:build unix

package main

import (
	"context"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/seatbeat/seatbeat/transport/wire"
)

const (
	stallTimeout = 1500 * time.Millisecond // of clients
	stallBeat    = 300 * time.Millisecond  // timeout of a heartbeat
)

// beater holds seats and sends heartbeats for them, also after failed ones.
type beater struct {
	*seatsClient
	leases         []byte
	failed, beaten atomic.Int64 // heartbeats
}

func (b *beater) holds(seats uint32) {
	for range 3 {
		b.leases = append(b.leases, b.takes("f2", seats/3).Lease...)
	}
}

// beat sends heartbeats until ctx ends, and asserts that no lease ends.
func (b *beater) beat(ctx context.Context) {
	for ctx.Err() == nil {
		call, cancel := context.WithTimeout(ctx, stallBeat)
		reply, err := b.seats.Heartbeat(call, &wire.HeartbeatRequest{Caller: b.caller, Leases: b.leases}, grpc.WaitForReady(true))
		cancel()
		if err != nil {
			b.failed.Add(1)
			continue
		}
		b.beaten.Add(1)
		if !assert.Empty(b.t, reply.GetEnded(), "a lease ended in spite of its heartbeats") {
			return
		}
		time.Sleep(stallBeat / 30) // leaves the processor to the server
	}
}

// TestAPausedProgramExpiresNoLeaseThatGetsHeartbeats pauses seatbeatd for longer than the client timeout. Of 100 seats, 99 get
// heartbeats all the time. Another client gets only the one that does not.
func TestAPausedProgramExpiresNoLeaseThatGetsHeartbeats(t *testing.T) {
	folder := t.TempDir()
	p := serveDev(t, folder, "--client-timeout", stallTimeout.String())
	all := []*beater{{seatsClient: connect(t, p, folder)}, {seatsClient: connect(t, p, folder)}, {seatsClient: connect(t, p, folder)}}
	ctx, cancel := context.WithCancel(t.Context())
	var beating sync.WaitGroup
	for _, b := range all {
		b.holds(33)
		beating.Go(func() { b.beat(ctx) })
	}
	idle, other := connect(t, p, folder), connect(t, p, folder)
	require.Equal(t, wire.Result_RESULT_GRANTED, idle.takes("f2", 1).Result)

	p.signal(syscall.SIGSTOP)
	for _, b := range all {
		for stopped := b.failed.Load(); b.failed.Load() < stopped+int64(stallTimeout/stallBeat)+2; {
			time.Sleep(stallBeat / 10)
		}
	}
	p.signal(syscall.SIGCONT)

	for other.takes("f2", 1).Result != wire.Result_RESULT_GRANTED { // until the lease of idle has expired
		time.Sleep(stallBeat / 10)
	}
	for _, b := range all {
		for resumed := b.beaten.Load(); b.beaten.Load() < resumed+2 && !t.Failed(); {
			time.Sleep(stallBeat / 100)
		}
	}
	assert.Equal(t, wire.Reason_REASON_NO_SEATS, other.takes("f2", 1).Reason, "more than one seat was free")
	cancel()
	beating.Wait()
	assert.Contains(t, p.log.String(), "the server did not run for a while")
}
