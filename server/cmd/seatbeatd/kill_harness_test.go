//go:build unix

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/ledger/bolt"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// killPoints are the failpoints at which a server dies. At "random" and "starting" the test kills it, at a random moment.
var killPoints = []string{"begun", "put", "compacted", "writing", "committed", "random", "starting", "random"}

const (
	killUsers  = 32
	killSeats  = 100 // of f2 in the demo licence
	killEvery  = 150 * time.Millisecond
	killsAsked = 40 // the server dies at most the 40th time that it reaches a failpoint
)

// take is a request for seats, with the lease once that is known.
type take struct {
	request messages.RequestID
	lease   messages.LeaseID
	count   uint32
}

type takesByRequest map[messages.RequestID]take

// lostAnswers counts requests that were not answered, and those of them whose lease was in the ledger afterwards.
type lostAnswers struct{ all, held int }

// killHarness runs a server that dies again and again, and records what its clients know.
type killHarness struct {
	t      *testing.T
	folder string
	caller *wire.Caller
	seats  wire.SeatsClient // of this incarnation

	mu      sync.Mutex
	held    takesByRequest // acknowledged
	takes   takesByRequest // not answered
	returns takesByRequest // leases whose return was not answered
	inUse   int            // seats acknowledged, less those of returns that have begun
	found   takesByRequest // in the ledger, after the previous incarnation
	taken   atomic.Int64
	served  time.Duration
	early   int // incarnations that died before clients could connect
	lost    struct{ takes, returns lostAnswers }
}

func newKillHarness(t *testing.T) *killHarness {
	return &killHarness{
		t: t, folder: t.TempDir(), caller: &wire.Caller{Instance: random(), Session: 1},
		held: takesByRequest{}, takes: takesByRequest{}, returns: takesByRequest{},
	}
}

// incarnation runs the server from its start to its death.
func (k *killHarness) incarnation(point string) {
	cmd := exec.Command(os.Args[0], "serve", "--dev", "--dev-folder", k.folder, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--client-timeout", "1h")
	cmd.Env = append(os.Environ(), dieVar+"="+fmt.Sprint(point, " ", 1+rand.IntN(killsAsked)))
	out, err := cmd.StdoutPipe()
	require.NoError(k.t, err)
	_, err = cmd.StdinPipe() // is closed when this process ends
	require.NoError(k.t, err)
	require.NoError(k.t, cmd.Start())
	defer func() {
		_ = cmd.Process.Kill()
		require.ErrorContains(k.t, cmd.Wait(), "killed")
	}()
	if point == "starting" {
		time.AfterFunc(rand.N(killEvery), func() { _ = cmd.Process.Kill() })
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		k.early++
		return
	}
	var at ready
	require.NoError(k.t, json.Unmarshal(line, &at), "%s", line)
	if point == "random" {
		time.AfterFunc(rand.N(killEvery), func() { _ = cmd.Process.Kill() })
	}
	k.underLoad(at.Address)
}

// underLoad lets users take and return seats until the server has died.
func (k *killHarness) underLoad(address string) {
	begin := time.Now()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(credentials.NewTLS(clientTLS(k.t, k.folder))))
	require.NoError(k.t, err)
	defer conn.Close()
	k.seats = wire.NewSeatsClient(conn)
	if !k.resolves() {
		return
	}
	var users sync.WaitGroup
	for range killUsers {
		users.Go(func() {
			for k.step() {
			}
		})
	}
	users.Wait()
	k.served += time.Since(begin)
}

// resolves repeats the requests that the previous incarnation did not answer, and then sends a heartbeat for all leases. It
// reports whether the server lived to answer.
func (k *killHarness) resolves() bool {
	for request, s := range k.takes {
		if !k.checkout(s) {
			return false
		}
		if lease := k.found[request].lease; lease != (messages.LeaseID{}) {
			require.Equal(k.t, lease, k.held[request].lease, "the repeat of a request got another lease")
		}
	}
	for _, s := range k.returns {
		if !k.checkin(s) {
			return false
		}
	}
	var leases []byte
	for _, s := range k.held {
		leases = append(leases, s.lease[:]...)
	}
	reply, err := k.seats.Heartbeat(context.Background(), &wire.HeartbeatRequest{Caller: k.caller, Leases: leases})
	require.Empty(k.t, reply.GetEnded(), "a lease is lost")
	return err == nil
}

// step takes seats or returns some, and reports whether the server answered.
func (k *killHarness) step() bool {
	k.mu.Lock()
	var some take
	for _, some = range k.held {
		break
	}
	if back := len(k.held) > 0 && rand.IntN(100) < 45; back {
		k.beginReturn(some) // so that no other user returns it too
		k.mu.Unlock()
		return k.checkin(some)
	}
	k.mu.Unlock()
	return k.checkout(take{request: messages.RequestID(random()), count: 1 + rand.Uint32N(3)})
}

// beginReturn moves a lease from those that are held to those that are being returned. It may be called again.
func (k *killHarness) beginReturn(s take) {
	if _, held := k.held[s.request]; held {
		k.inUse -= int(s.count)
		delete(k.held, s.request)
		k.returns[s.request] = s
	}
}

// checkout takes seats and reports whether the server answered.
func (k *killHarness) checkout(s take) bool {
	k.note(k.takes, s)
	reply, err := k.seats.Checkout(context.Background(), &wire.CheckoutRequest{
		Caller: k.caller, Takes: []*wire.Take{{Request: s.request[:], Feature: "f2", Major: 9, Count: s.count}},
	})
	if err != nil {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.takes, s.request)
	o := reply.GetOutcomes()[0]
	if o.GetResult() != wire.Result_RESULT_GRANTED {
		return assert.Equal(k.t, wire.Reason_REASON_NO_SEATS, o.GetReason(), "%v", o)
	}
	s.lease = messages.LeaseID(o.GetLease())
	k.held[s.request] = s
	k.inUse += int(s.count)
	k.taken.Add(1)
	return assert.LessOrEqual(k.t, k.inUse, killSeats, "more seats are issued than licensed")
}

// checkin returns seats and reports whether the server answered.
func (k *killHarness) checkin(s take) bool {
	k.note(k.returns, s)
	_, err := k.seats.Checkin(context.Background(), &wire.CheckinRequest{Caller: k.caller, Leases: s.lease[:]})
	if err != nil {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.returns, s.request)
	return true
}

func (k *killHarness) note(what takesByRequest, s take) {
	k.mu.Lock()
	defer k.mu.Unlock()
	what[s.request] = s
}

// compare asserts that the ledger holds every acknowledged lease, and beside those only leases of requests that were not
// answered, each of them complete.
func (k *killHarness) compare() {
	k.found = k.inLedger()
	seats := 0
	for request, s := range k.found {
		seats += int(s.count)
		known, asked := k.held[request]
		if !asked {
			if known, asked = k.returns[request]; !asked {
				known, asked = k.takes[request]
			}
		}
		require.True(k.t, asked, "nobody asked for a lease in the ledger")
		require.Equal(k.t, known.count, s.count, "a lease has another number of seats than asked for")
		require.True(k.t, known.lease == s.lease || known.lease == messages.LeaseID{}, "a request has another lease")
	}
	require.LessOrEqual(k.t, seats, killSeats, "more seats are issued than licensed")
	for request, s := range k.held {
		require.Equal(k.t, s, k.found[request], "a lease is lost")
	}
	k.lost.takes.count(k.takes, k.found)
	k.lost.returns.count(k.returns, k.found)
}

// count adds requests that were not answered.
func (l *lostAnswers) count(unanswered, ledger takesByRequest) {
	l.all += len(unanswered)
	for request := range unanswered {
		if _, held := ledger[request]; held {
			l.held++
		}
	}
}

// inLedger returns the leases in the ledger. No server uses it at that time.
func (k *killHarness) inLedger() takesByRequest {
	held, leases := takesByRequest{}, map[messages.LeaseID]bool{}
	path := filepath.Join(k.folder, "ledger")
	if _, err := os.Stat(path); err != nil {
		return held // the server died before it made one
	}
	l := bolt.New(path)
	require.NoError(k.t, l.Open(func(r ledger.Record) error {
		switch r.Kind {
		case ledger.RecordGrant:
			assert.NotContains(k.t, held, r.Request, "two leases for one request")
			assert.False(k.t, leases[r.Lease], "a lease is granted twice")
			leases[r.Lease] = true
			held[r.Request] = take{request: r.Request, lease: r.Lease, count: r.Count}
		case ledger.RecordEnd:
			delete(held, r.Request)
		}
		return nil
	}))
	require.NoError(k.t, l.Close())
	return held
}

func (k *killHarness) String() string {
	return fmt.Sprintf("%d died before clients could connect; %d checkouts, %.0f per second while the server served; "+
		"%d takes unanswered, %d of them granted; %d returns unanswered, %d of them not done", k.early, k.taken.Load(),
		float64(k.taken.Load())/k.served.Seconds(), k.lost.takes.all, k.lost.takes.held, k.lost.returns.all, k.lost.returns.held)
}
