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
	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// killPoints are where a server dies. At "random" and "starting" the test kills it, at some moment.
var killPoints = []string{"begun", "put", "compacted", "writing", "committed", "random", "starting", "random"}

const (
	killUsers  = 32
	killSeats  = 100 // of f2 in the demo licence
	killEvery  = 150 * time.Millisecond
	killsAsked = 40 // a point is come to so often at most, before the server dies there
)

// seat is what was asked for, and the lease once that is known.
type seat struct {
	request messages.RequestID
	lease   messages.LeaseID
	count   uint32
}

type seatsByRequest map[messages.RequestID]seat

// killHarness is a server that dies again and again, and what its clients know.
type killHarness struct {
	t      *testing.T
	folder string
	caller *wire.Caller
	seats  wire.SeatsClient // of this life

	mu       sync.Mutex
	held     seatsByRequest // acknowledged
	takes    seatsByRequest // takes that were not answered
	returns  seatsByRequest // leases whose return was not answered
	inUse    int            // seats acknowledged and not yet about to be returned
	found    seatsByRequest // in the ledger, after the life before
	taken    atomic.Int64
	served   time.Duration
	early    int // died before they could be reached
	resolved [4]int
}

func newKillHarness(t *testing.T) *killHarness {
	return &killHarness{
		t: t, folder: t.TempDir(), caller: &wire.Caller{Instance: random(), Session: 1},
		held: seatsByRequest{}, takes: seatsByRequest{}, returns: seatsByRequest{},
	}
}

// life is one of the server, from its start to its death.
func (k *killHarness) life(point string) {
	cmd := exec.Command(os.Args[0], "serve", "--dev", "--dev-folder", k.folder, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--client-timeout", "1h")
	cmd.Env = append(os.Environ(), dieVar+"="+fmt.Sprint(point, " ", 1+rand.IntN(killsAsked)))
	out, err := cmd.StdoutPipe()
	require.NoError(k.t, err)
	_, err = cmd.StdinPipe() // ends with this process
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

func (k *killHarness) underLoad(address string) {
	begin := time.Now()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(credentials.NewTLS(clientTLS(k.t, k.folder))))
	require.NoError(k.t, err)
	defer conn.Close()
	k.seats = wire.NewSeatsClient(conn)
	if !k.settled() {
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

// settled repeats what was not answered in the life before, and then beats everything. It reports whether the server
// lived to answer.
func (k *killHarness) settled() bool {
	for request, s := range k.takes {
		if !k.take(s) {
			return false
		}
		if lease := k.found[request].lease; lease != (messages.LeaseID{}) {
			require.Equal(k.t, lease, k.held[request].lease, "a repeat got another lease")
		}
	}
	for _, s := range k.returns {
		if !k.giveBack(s) {
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

// step takes seats or gives some back, and reports whether that was answered.
func (k *killHarness) step() bool {
	k.mu.Lock()
	var some seat
	for _, some = range k.held {
		break
	}
	if back := len(k.held) > 0 && rand.IntN(100) < 45; back {
		k.leave(some) // so that no other user returns it too
		k.mu.Unlock()
		return k.giveBack(some)
	}
	k.mu.Unlock()
	return k.take(seat{request: messages.RequestID(random()), count: 1 + rand.Uint32N(3)})
}

// leave notes that seats are about to be returned, if that is not known already.
func (k *killHarness) leave(s seat) {
	if _, held := k.held[s.request]; held {
		k.inUse -= int(s.count)
		delete(k.held, s.request)
		k.returns[s.request] = s
	}
}

func (k *killHarness) take(s seat) bool {
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
	return assert.LessOrEqual(k.t, k.inUse, killSeats, "more seats are issued than there are")
}

func (k *killHarness) giveBack(s seat) bool {
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

func (k *killHarness) note(what seatsByRequest, s seat) {
	k.mu.Lock()
	defer k.mu.Unlock()
	what[s.request] = s
}

// compare claims that the ledger holds what was acknowledged, and beside that only what was not answered, whole.
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
		require.True(k.t, asked, "a lease is held by nobody")
		require.Equal(k.t, known.count, s.count, "a lease is held in part")
		require.True(k.t, known.lease == s.lease || known.lease == messages.LeaseID{}, "a request has another lease")
	}
	require.LessOrEqual(k.t, seats, killSeats, "more seats are issued than there are")
	for request, s := range k.held {
		require.Equal(k.t, s, k.found[request], "a lease is lost")
	}
	k.count(0, k.takes)
	k.count(2, k.returns)
}

// count notes how many were not answered, and how many of these are in the ledger.
func (k *killHarness) count(at int, unanswered seatsByRequest) {
	k.resolved[at] += len(unanswered)
	for request := range unanswered {
		if _, ok := k.found[request]; ok {
			k.resolved[at+1]++
		}
	}
}

// inLedger reads which leases a ledger that no server uses holds.
func (k *killHarness) inLedger() seatsByRequest {
	held, leases := seatsByRequest{}, map[messages.LeaseID]bool{}
	path := filepath.Join(k.folder, "ledger")
	if _, err := os.Stat(path); err != nil {
		return held // it died before there was one
	}
	l := server.NewBoltLedger(path)
	require.NoError(k.t, l.Open(func(r server.Record) error {
		switch r.Kind {
		case server.RecordGrant:
			assert.NotContains(k.t, held, r.Request, "two leases for one request")
			assert.False(k.t, leases[r.Lease], "a lease is granted twice")
			leases[r.Lease] = true
			held[r.Request] = seat{request: r.Request, lease: r.Lease, count: r.Count}
		case server.RecordEnd:
			delete(held, r.Request)
		}
		return nil
	}))
	require.NoError(k.t, l.Close())
	return held
}

func (k *killHarness) String() string {
	return fmt.Sprintf("%d died before they could be reached; %d checkouts, %.0f a second while it could; "+
		"%d takes unanswered, %d of them done; %d returns unanswered, %d of them not done", k.early, k.taken.Load(),
		float64(k.taken.Load())/k.served.Seconds(), k.resolved[0], k.resolved[1], k.resolved[2], k.resolved[3])
}
