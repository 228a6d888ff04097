package supervisor

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"os"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/wiretap"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// A herd is many programs that lose their server together, or start together. SEATBEAT_HERD is their number, by default
// 1,000. SEATBEAT_HERD_OUT names a file for the counts, from which examples/herd draws a picture.

// herd is many runtimes with one license each, from one server, in a bubble of virtual time.
type herd struct {
	testing.TB
	server   *transporttest.Server
	runtimes []*Runtime
	licenses []*License

	mu    sync.Mutex
	calls map[time.Duration]int // calls in each second since the count began
	began time.Time
}

// herdCounts are the calls to the server in each second.
type herdCounts struct {
	Clients int   `json:"clients"`
	Lost    []int `json:"lost"`  // from the end of an outage until all licenses are held again
	Start   []int `json:"start"` // after all programs started at once
}

// count observes the calls of all programs. Returns are not counted.
func (h *herd) count(_ context.Context, c *wiretap.Call) error {
	if c.Kind == transporttest.Checkins {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls[time.Since(h.began)/time.Second]++
	return nil
}

// begin starts the count again.
func (h *herd) begin() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls, h.began = map[time.Duration]int{}, time.Now()
}

// buckets returns the counts of the first seconds.
func (h *herd) buckets(seconds int) []int {
	h.mu.Lock()
	defer h.mu.Unlock()
	counts := make([]int, seconds)
	for i := range counts {
		counts[i] = h.calls[time.Duration(i)]
	}
	return counts
}

// newHerd starts n runtimes at once and checks a feature out of each.
func newHerd(t testing.TB, n int) *herd {
	network := transporttest.NewNetwork()
	h := &herd{TB: t, server: network.AddServer("s1:1", map[string]int{"f2": n}), licenses: make([]*License, n)}
	h.begin()
	counted := wiretap.New(network, wiretap.Observer{Sent: h.count})
	system := newSystem() // one for all runtimes: a system takes 100 KB
	for i := range n {
		h.runtimes = append(h.runtimes, h.start(system, counted, i))
	}
	var callers sync.WaitGroup
	for i, rt := range h.runtimes {
		callers.Go(func() {
			var err error
			h.licenses[i], err = rt.Checkout(context.Background(), messages.Checkout{Feature: "f2"})
			assert.NoError(t, err)
		})
	}
	callers.Wait()
	return h
}

func (h *herd) start(system *actor.ActorSystem, network transport.Transport, i int) *Runtime {
	var seeds uint64
	rt, err := Start(context.Background(), Config{
		Transport: network, Servers: []transport.Address{"s1:1"}, System: system,
		Heartbeat: Heartbeat{Attempts: 20},
		Callbacks: Callbacks{OnExit: func(messages.Exited) {}},
		seed: func() (seed [32]byte) { // called by one actor at a time
			seeds++
			binary.LittleEndian.PutUint64(seed[:], uint64(i))
			binary.LittleEndian.PutUint64(seed[8:], seeds)
			return seed
		},
	})
	require.NoError(h, err)
	return rt
}

// allHeld reports whether every license is held.
func (h *herd) allHeld() bool {
	for _, l := range h.licenses {
		if l.Status().State != messages.StateHeld {
			return false
		}
	}
	return true
}

func (h *herd) close() {
	var closers sync.WaitGroup
	for _, rt := range h.runtimes {
		closers.Go(func() { _ = rt.Close(context.Background()) })
	}
	closers.Wait()
}

// herdSize is the number of runtimes: 1,000 take seconds, 10,000 take minutes.
func herdSize(t *testing.T) int {
	text := os.Getenv("SEATBEAT_HERD")
	if text == "" {
		return 1000
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

// mostAndMean returns the highest count and the mean.
func mostAndMean(counts []int) (most, mean float64) {
	for _, n := range counts {
		most = max(most, float64(n))
		mean += float64(n) / float64(len(counts))
	}
	return most, mean
}

// sums returns the sum of each group of counts. An incomplete group at the end is dropped.
func sums(counts []int, group int) []int {
	var out []int
	for len(counts) >= group {
		sum := 0
		for _, n := range counts[:group] {
			sum += n
		}
		out, counts = append(out, sum), counts[group:]
	}
	return out
}

// The server is down for ten minutes, which is longer than leases live. When it is back, all licenses are held again within
// 60 s, and no second has more than five times the average number of calls. The heartbeats of programs that started at the
// same instant are spread: with ten thousand programs, no second has more than twice the average. With fewer programs the
// buckets are longer, so that chance has the same weight.
func TestAHerdComesBackWithoutStampeding(t *testing.T) {
	t.Parallel()
	counts := herdCounts{Clients: herdSize(t)}
	synctest.Test(t, func(t *testing.T) {
		h := newHerd(t, counts.Clients)
		defer h.close()
		h.begin()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		counts.Start = h.buckets(600)

		h.server.Down()
		time.Sleep(10 * time.Minute)
		h.server.Up()
		h.begin()
		seconds := 0
		for ; !h.allHeld() && seconds < 120; seconds++ {
			time.Sleep(time.Second)
			synctest.Wait()
		}
		counts.Lost = h.buckets(seconds)
	})
	most, mean := mostAndMean(counts.Lost)
	t.Logf("%d clients are back within %d s: %.0f calls/s at most, %.0f on average", counts.Clients, len(counts.Lost), most, mean)
	assert.LessOrEqual(t, len(counts.Lost), 60)
	assert.LessOrEqual(t, most, 5*mean)
	most, mean = mostAndMean(sums(counts.Start, max(1, 10_000/counts.Clients)))
	t.Logf("%d clients started at once: %.0f heartbeats in a bucket at most, %.0f on average", counts.Clients, most, mean)
	assert.LessOrEqual(t, most, 2*mean)
	if out := os.Getenv("SEATBEAT_HERD_OUT"); out != "" {
		text, err := json.Marshal(counts)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(out, text, 0o600))
	}
}
