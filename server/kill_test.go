package server

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/failpoint"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/ledger/bolt"
)

// The environment of the process that is to be killed.
const (
	killLedgerVar = "SEATBEAT_KILL_LEDGER" // the path of the ledger
	killPointVar  = "SEATBEAT_KILL_POINT"  // a point and after how many times, "put 17"
	killsVar      = "SEATBEAT_KILLS"       // for the test itself: how many kills
)

// killPoints are the points around a commit at which the process kills itself. At "random" its parent kills it at some
// moment.
var killPoints = []string{
	"opening", "opened", "decided", "begun", "put", "compacted", "writing", "committed", "kept", "random", "random", "random",
}

// mortal is a durable ledger that kills the process when it reaches a point for the n-th time.
type mortal struct {
	*bolt.Ledger
	point string
	left  int
}

func (m *mortal) reach(point string) {
	if point == "compacted" && m.point == "writing" {
		if m.left--; m.left == 0 { // at some moment of what follows: writing pages, syncing, writing the meta page, syncing
			time.AfterFunc(rand.N(2*time.Millisecond), kill)
		}
		return
	}
	if point == m.point {
		if m.left--; m.left == 0 {
			kill()
		}
	}
}

func kill() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {}
}

func (m *mortal) Open(replay func(ledger.Record) error) error {
	if strings.HasPrefix(m.point, "open") {
		m.left = 1
	}
	m.reach("opening")
	defer m.reach("opened")
	return m.Ledger.Open(replay)
}

func (m *mortal) Append(batch ledger.Batch) error {
	m.reach("decided")
	defer m.reach("kept")
	return m.Ledger.Append(batch)
}

// TestServeUntilKilled is no test: it is the process that TestLeasesOutliveKills starts and kills.
func TestServeUntilKilled(t *testing.T) {
	path := os.Getenv(killLedgerVar)
	if path == "" {
		t.Skip("for another test")
	}
	m := &mortal{}
	m.Ledger = bolt.NewForTest(path, failpoint.Ledger{Hit: m.reach, Compaction: failpoint.Compaction{Start: 64, Min: 8, Most: 64}})
	_, err := fmt.Sscan(os.Getenv(killPointVar), &m.point, &m.left)
	require.NoError(t, err)
	s, err := New(Config{Ledger: m, Features: plenty, Insecure: true, ClientTimeout: time.Hour, Limits: Limits{Rate: 1 << 30, Burst: 1 << 30}})
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // until the parent is gone
		os.Exit(0)
	}()
	_, err = fmt.Fprintln(os.Stdout, "serves", listener.Addr())
	require.NoError(t, err)
	require.NoError(t, s.Serve(listener))
}

// TestLeasesOutliveKills kills a server again and again under load. SEATBEAT_KILLS says how often.
func TestLeasesOutliveKills(t *testing.T) {
	kills := 20
	if text := os.Getenv(killsVar); text != "" {
		var err error
		kills, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	h := newKillHarness(t)
	for i := range kills {
		point := killPoints[i%len(killPoints)]
		h.life(fmt.Sprint(point, " ", 1+rand.IntN(40)))
		h.settle()
		if (i+1)%100 == 0 {
			t.Logf("%d kills", i+1)
		}
	}
	h.close()
	assert.Empty(t, h.held)
	t.Logf("%d kills, %d before the server could be reached; %d checkouts, %.0f a second while it could; "+
		"%d takes and %d returns unanswered, of those %d and %d done", kills, h.early, h.taken.Load(),
		float64(h.taken.Load())/h.served.Seconds(), h.takesLost, h.returnsLost, h.takesDone, h.returnsDone)
}

// heldIn returns the leases held by a ledger that no server uses, by request.
func heldIn(t *testing.T, path string) map[messages.RequestID]messages.LeaseID {
	held := make(map[messages.RequestID]messages.LeaseID)
	ended := make(map[messages.LeaseID]bool)
	_, err := bolt.Replay(path, func(r ledger.Record) error {
		switch r.Kind {
		case ledger.RecordGrant:
			require.NotContains(t, held, r.Request, "two leases for one request")
			held[r.Request] = r.Lease
		case ledger.RecordEnd:
			require.False(t, ended[r.Lease], "a lease ended twice")
			ended[r.Lease] = true
			delete(held, r.Request)
		}
		return nil
	})
	if !assert.NoError(t, err) {
		t.FailNow()
	}
	return held
}
