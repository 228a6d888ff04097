package supervisor

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// hollow is a transport to a server that grants everything and remembers nothing, so that a benchmark measures the runtime
// without a server.
type hollow struct {
	boot   atomic.Int64
	down   atomic.Bool
	leases atomic.Uint64
	beaten atomic.Int64
}

func (h *hollow) Connect(context.Context, transport.Address) (transport.Session, error) {
	if h.down.Load() {
		return nil, fmt.Errorf("down")
	}
	return h, nil
}

func (h *hollow) Hello() transport.Hello {
	n := h.boot.Load()
	return transport.Hello{
		Identity:      messages.Identity{ServerID: "hollow", BootID: fmt.Sprint("boot", n), Epoch: uint64(n + 1)},
		ClientTimeout: 5 * time.Minute,
	}
}

func (h *hollow) Checkout(_ context.Context, takes []transport.Take) (transport.CheckoutReply, error) {
	reply := transport.CheckoutReply{Hello: h.Hello(), Outcomes: make([]transport.Outcome, len(takes))}
	for i, t := range takes {
		o := transport.Outcome{Request: t.Request, Result: transport.Granted}
		binary.LittleEndian.PutUint64(o.Lease[:], h.leases.Add(1))
		reply.Outcomes[i] = o
	}
	return reply, h.reached()
}

func (h *hollow) Heartbeat(_ context.Context, leases []messages.LeaseID) (transport.HeartbeatReply, error) {
	h.beaten.Add(int64(len(leases)))
	return transport.HeartbeatReply{Hello: h.Hello()}, h.reached()
}

func (h *hollow) Checkin(context.Context, []transport.Return) (transport.CheckinReply, error) {
	return transport.CheckinReply{Hello: h.Hello()}, h.reached()
}

func (h *hollow) Close() error { return nil }

func (h *hollow) reached() error {
	if h.down.Load() {
		return fmt.Errorf("down")
	}
	return nil
}

// startHollow starts a runtime with a hollow server. change may adapt its configuration; nil changes nothing.
func startHollow(b testing.TB, change func(*Config)) (*Runtime, *hollow) {
	b.Helper()
	h := new(hollow)
	c := Config{
		Transport: h, Servers: []transport.Address{"hollow:1"},
		Heartbeat: Heartbeat{Attempts: 5, Interval: 2 * time.Minute},
		Callbacks: Callbacks{OnExit: func(messages.Exited) {}},
	}
	if change != nil {
		change(&c)
	}
	rt, err := Start(b.Context(), c)
	require.NoError(b, err)
	return rt, h
}

// hold checks n features out, with up to 1024 calls at a time.
func hold(b testing.TB, rt *Runtime, n int) []*License {
	b.Helper()
	licenses := make([]*License, n)
	var next atomic.Int64
	var callers sync.WaitGroup
	for range 1024 {
		callers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				l, err := rt.Checkout(b.Context(), messages.Checkout{Feature: "f2", Version: messages.V(1, 0)})
				if err != nil {
					b.Error(err)
					return
				}
				licenses[i] = l
			}
		})
	}
	callers.Wait()
	return licenses
}

// inUse returns the heap and stack in use after a garbage collection.
func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

// BenchmarkMemoryPerFeature measures heap and stack for each held feature: its actor, its handle and its share of the
// connection.
func BenchmarkMemoryPerFeature(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				rt, _ := startHollow(b, nil)
				before := inUse()
				licenses := hold(b, rt, n)
				b.ReportMetric(float64(inUse()-before)/float64(n), "B/feature")
				require.NoError(b, rt.Close(context.Background()))
				runtime.KeepAlive(licenses)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
