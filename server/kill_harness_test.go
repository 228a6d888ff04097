package server

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"maps"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// killHarness has the clients of a server that is killed again and again, and what they know.
type killHarness struct {
	t    *testing.T
	path string
	call *wire.Caller

	held    map[messages.RequestID]messages.LeaseID // acknowledged
	takes   []messages.RequestID                    // takes that were not answered
	returns []messages.RequestID                    // requests in held whose return was not answered

	early                                          int
	taken                                          atomic.Int64
	served                                         time.Duration
	takesLost, takesDone, returnsLost, returnsDone int
}

const killClients = 24

func newKillHarness(t *testing.T) *killHarness {
	return &killHarness{
		t: t, path: boltPath(t), held: make(map[messages.RequestID]messages.LeaseID),
		call: &wire.Caller{Instance: []byte("sixteen bytes ok"), Session: 1},
	}
}

// serverProcess is a server in a process of its own.
type serverProcess struct {
	cmd   *exec.Cmd
	conn  *grpc.ClientConn
	seats wire.SeatsClient
}

// start starts a server. It returns nil when the server was killed before it could be reached.
func (h *killHarness) start(point string) *serverProcess {
	p := &serverProcess{cmd: exec.Command(os.Args[0], "-test.run=^TestServeUntilKilled$")}
	p.cmd.Env = append(os.Environ(), killLedgerVar+"="+h.path, killPointVar+"="+point)
	out, err := p.cmd.StdoutPipe()
	require.NoError(h.t, err)
	_, err = p.cmd.StdinPipe() // ends with this process
	require.NoError(h.t, err)
	require.NoError(h.t, p.cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "serves ")
	if err != nil || !ok {
		err := p.cmd.Wait()
		require.ErrorContains(h.t, err, "killed", line)
		return nil
	}
	p.conn, err = grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(h.t, err)
	p.seats = wire.NewSeatsClient(p.conn)
	return p
}

func (h *killHarness) end(p *serverProcess) {
	_ = p.cmd.Process.Kill()
	require.ErrorContains(h.t, p.cmd.Wait(), "killed")
	require.NoError(h.t, p.conn.Close())
}

// life is a server under load, from its start to its kill.
func (h *killHarness) life(point string) {
	p := h.start(point)
	if p == nil {
		h.early++
		return
	}
	begin := time.Now()
	if strings.HasPrefix(point, "random") {
		time.AfterFunc(mathrand.N(150*time.Millisecond), func() { _ = p.cmd.Process.Kill() })
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, share := range h.shares() {
		wg.Go(func() {
			c := killClient{h: h, seats: p.seats, held: share}
			c.run()
			mu.Lock()
			defer mu.Unlock()
			c.report()
		})
	}
	wg.Wait()
	h.served += time.Since(begin)
	h.end(p)
}

// shares distributes the held leases over the clients.
func (h *killHarness) shares() (shares [killClients]map[messages.RequestID]messages.LeaseID) {
	for i := range shares {
		shares[i] = make(map[messages.RequestID]messages.LeaseID)
	}
	at := 0
	for request, lease := range h.held {
		shares[at%killClients][request] = lease
		at++
	}
	clear(h.held)
	return shares
}

// settle claims that the ledger holds what was acknowledged, and besides only what was asked for without an answer. Then it
// starts the server again and repeats the calls that got no answer.
func (h *killHarness) settle() {
	if _, err := os.Stat(h.path); errors.Is(err, fs.ErrNotExist) {
		return // killed before there was a ledger
	}
	found := heldIn(h.t, h.path)
	unanswered := make(map[messages.RequestID]bool)
	for _, request := range h.takes {
		if unanswered[request] = true; found[request] != (messages.LeaseID{}) {
			h.takesDone++
		}
	}
	h.takesLost, h.returnsLost = h.takesLost+len(h.takes), h.returnsLost+len(h.returns)
	for _, request := range h.returns {
		if unanswered[request] = true; found[request] == (messages.LeaseID{}) {
			h.returnsDone++
		}
	}
	for request, lease := range h.held {
		require.True(h.t, found[request] == lease || unanswered[request] && found[request] == messages.LeaseID{}, "a lease is lost")
	}
	for request := range found {
		require.True(h.t, unanswered[request] || h.held[request] != messages.LeaseID{}, "a lease is held by nobody")
	}
	h.repeat(found)
}

func (h *killHarness) repeat(found map[messages.RequestID]messages.LeaseID) {
	p := h.start("random 1")
	require.NotNil(h.t, p)
	c := killClient{h: h, seats: p.seats, held: h.held}
	for _, request := range h.takes {
		require.True(h.t, c.take(request))
		if lease := found[request]; lease != (messages.LeaseID{}) {
			require.Equal(h.t, lease, h.held[request], "a repeat got another lease")
		}
	}
	for _, request := range h.returns {
		require.True(h.t, c.giveBack(request))
	}
	h.takes, h.returns = nil, nil
	h.beat(p)
	h.end(p)
	require.Equal(h.t, h.held, heldIn(h.t, h.path))
}

// beat claims that the server holds everything that was acknowledged.
func (h *killHarness) beat(p *serverProcess) {
	var leases []byte
	for _, lease := range h.held {
		leases = append(leases, lease[:]...)
	}
	for len(leases) > 0 {
		n := min(len(leases), wire.MaxLeases*wire.IDLength)
		reply, err := p.seats.Heartbeat(context.Background(), &wire.HeartbeatRequest{Caller: h.call, Leases: leases[:n]})
		require.NoError(h.t, err)
		require.Empty(h.t, reply.GetEnded())
		leases = leases[n:]
	}
}

// close returns all leases.
func (h *killHarness) close() {
	p := h.start("random 1")
	require.NotNil(h.t, p)
	c := killClient{h: h, seats: p.seats, held: h.held}
	for request := range h.held {
		require.True(h.t, c.giveBack(request))
	}
	h.end(p)
	require.Empty(h.t, heldIn(h.t, h.path))
}

// killClient takes and returns seats until it gets no answer.
type killClient struct {
	h     *killHarness
	seats wire.SeatsClient
	held  map[messages.RequestID]messages.LeaseID

	lostTake, lostReturn messages.RequestID
}

func (c *killClient) run() {
	for {
		if len(c.held) > 20 || len(c.held) > 0 && mathrand.IntN(3) == 0 {
			for request := range c.held {
				if !c.giveBack(request) {
					c.lostReturn = request
					return
				}
				break
			}
			continue
		}
		var request messages.RequestID
		_, _ = rand.Read(request[:])
		if !c.take(request) {
			c.lostTake = request
			return
		}
		c.h.taken.Add(1)
	}
}

// take asks for a seat, and reports whether it got an answer.
func (c *killClient) take(request messages.RequestID) bool {
	reply, err := c.seats.Checkout(context.Background(), &wire.CheckoutRequest{
		Caller: c.h.call, Takes: []*wire.Take{{Request: request[:], Feature: "f", Major: 1, Count: 1}},
	})
	if err != nil {
		return false
	}
	o := reply.GetOutcomes()[0]
	if o.GetResult() != wire.Result_RESULT_GRANTED || bytes.Equal(o.GetLease(), make([]byte, 16)) {
		c.h.t.Errorf("take was answered %v", o)
		return false
	}
	c.held[request] = messages.LeaseID(o.GetLease())
	return true
}

func (c *killClient) giveBack(request messages.RequestID) bool {
	lease := c.held[request]
	_, err := c.seats.Checkin(context.Background(), &wire.CheckinRequest{Caller: c.h.call, Leases: lease[:]})
	if err != nil {
		return false
	}
	delete(c.held, request)
	return true
}

// report hands over what the client knows.
func (c *killClient) report() {
	maps.Copy(c.h.held, c.held)
	if c.lostTake != (messages.RequestID{}) {
		c.h.takes = append(c.h.takes, c.lostTake)
	}
	if c.lostReturn != (messages.RequestID{}) {
		c.h.returns = append(c.h.returns, c.lostReturn)
	}
}
