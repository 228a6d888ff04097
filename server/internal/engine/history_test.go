package engine

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/ledger/bolt"
	"github.com/seatbeat/seatbeat/server/license"
)

// historiesVar says how many histories are recorded and checked.
const historiesVar = "SEATBEAT_HISTORIES"

const (
	historyTimeout = 10 * time.Second
	historySeats   = 3
	historyClients = 5
	historySteps   = 14
)

// TestHistoriesAreLinearizable records what concurrent clients see of a server whose ledger fails now and then, and which
// is started again: there must be one order of all operations that explains every answer.
func TestHistoriesAreLinearizable(t *testing.T) {
	histories := 40
	if text := os.Getenv(historiesVar); text != "" {
		var err error
		histories, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	folder, total, lives := t.TempDir(), 0, 0
	for i := range histories {
		path := filepath.Join(folder, strconv.Itoa(i))
		var events []porcupine.Event
		synctest.Test(t, func(t *testing.T) {
			h := newHistoryHarness(t, path)
			events = h.record()
			total, lives = total+len(h.events), lives+h.lives
		})
		explain(t, events)
		require.NoError(t, os.RemoveAll(path))
	}
	t.Logf("%d histories of %d calls in %d lives of servers", histories, total/2, lives)
}

// explain claims that there is such an order. The checker needs real time, which a bubble does not have.
func explain(t *testing.T, events []porcupine.Event) {
	result, info := porcupine.CheckEventsVerbose(seatModel, events, time.Minute)
	if result == porcupine.Ok {
		return
	}
	path := filepath.Join(os.TempDir(), "seatbeat-history.html")
	require.NoError(t, porcupine.VisualizePath(seatModel, info, path))
	require.Equal(t, porcupine.Ok, result, "see %s", path)
}

// historyHarness has the clients of a server that fails and comes back.
type historyHarness struct {
	t      *testing.T
	config Config
	ledger *fickle
	server atomic.Pointer[Engine] // the one that is running
	lives  int
	done   chan struct{} // closed when the clients have ended
	over   chan struct{} // closed when the server has ended for good

	mu     sync.Mutex
	events []seatEvent
	leases map[messages.RequestID]*leaseStory
}

// fickle is a durable ledger that fails now and then: before or after it keeps a batch, which the server cannot tell apart.
type fickle struct {
	*bolt.Ledger
	steady bool
}

var errFickle = errors.New("the disk is gone")

func (f *fickle) Append(batch ledger.Batch) error {
	fate := rand.IntN(40)
	if fate == 0 && !f.steady {
		return errFickle
	}
	err := f.Ledger.Append(batch)
	if fate == 1 && !f.steady {
		return errFickle
	}
	return err
}

func newHistoryHarness(t *testing.T, path string) *historyHarness {
	h := &historyHarness{
		t: t, ledger: &fickle{Ledger: eager(path)},
		done: make(chan struct{}), over: make(chan struct{}), leases: make(map[messages.RequestID]*leaseStory),
	}
	config := Config{Ledger: h.ledger, ClientTimeout: historyTimeout, Features: []license.Feature{
		{Name: "a", Version: messages.V(1, 0), Seats: historySeats}, {Name: "b", Version: messages.V(1, 0), Seats: historySeats},
	}}
	h.config = withDefaults(config)
	h.begin()
	return h
}

func (h *historyHarness) begin() {
	h.ledger.steady = true // until it serves
	e, err := New(h.config)
	require.NoError(h.t, err)
	e.Open()
	h.ledger.steady = false
	h.lives++
	h.server.Store(e)
}

// record lets the clients act and returns what they saw.
func (h *historyHarness) record() []porcupine.Event {
	go h.revive()
	var wg sync.WaitGroup
	for i := range historyClients {
		wg.Go(func() { h.act(byte(i + 1)) })
	}
	wg.Wait()
	close(h.done)
	<-h.over
	h.ledger.steady = true
	e, err := New(h.config)
	require.NoError(h.t, err)
	for _, pool := range e.status().Pools {
		id := h.called(seatInput{call: callAudit, pool: pool.Name})
		h.answered(id, seatOutput{used: pool.Used})
	}
	require.NoError(h.t, e.Stop())
	return h.finished()
}

// revive starts the server again, a while after each of its ends.
func (h *historyHarness) revive() {
	defer close(h.over)
	for {
		e := h.server.Load()
		select {
		case <-e.Ended():
			require.ErrorIs(h.t, e.Stop(), errFickle)
			time.Sleep(rand.N(3 * time.Second))
			h.begin()
		case <-h.done:
			if err := e.Stop(); err != nil {
				require.ErrorIs(h.t, err, errFickle)
			}
			return
		}
	}
}

// act is what one client does.
func (h *historyHarness) act(instance byte) {
	c := &historyClient{h: h, holder: ledger.Holder{Identity: "c", Instance: [16]byte{instance}}, session: uint64(instance)}
	for range historySteps {
		time.Sleep(pause())
		switch held := c.some(); {
		case held == nil || rand.IntN(3) == 0:
			c.checkout()
		case rand.IntN(2) == 0:
			c.beat(held)
		default:
			c.checkin(held)
		}
	}
}

// pause is mostly none, and sometimes one in which leases expire.
func pause() time.Duration {
	switch rand.IntN(6) {
	case 0:
		return rand.N(4 * time.Second)
	case 1:
		return rand.N(14 * time.Second)
	default:
		return 0
	}
}
