package supervisor

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// tap is a transport that writes down what passes between the runtime and the fake servers.
type tap struct {
	stage *stage

	mu   sync.Mutex // guards the fields below
	list []*sent
	open int                      // sessions that were not closed
	most map[messages.Address]int // seats of f2 that were ever in use at once at a server after a call, by its first address
}

// sent is one call of the runtime.
type sent struct {
	kind     transporttest.Kind
	address  messages.Address
	serverID string // of whom the session was known to lead to; empty of a connect
	at       time.Time
	ended    time.Time // zero while it is under way
	takes    []transport.Take
	leases   []messages.LeaseID
	returns  []transport.Return
	outcomes []transport.Outcome
	gone     []transport.Ended
	err      error
}

// String returns the call in one line.
func (c sent) String() string {
	return fmt.Sprintf("%s %s %s: %d takes, %d leases, %d returns, %v", c.at.Format("04:05.000"), c.kind, c.address,
		len(c.takes), len(c.leases), len(c.returns), c.err)
}

// Connect implements transport.Transport.
func (t *tap) Connect(ctx context.Context, address transport.Address) (transport.Session, error) {
	call := t.begin(&sent{kind: transporttest.Connects, address: address})
	session, err := t.stage.net.Connect(ctx, address)
	t.end(call, err, nil, nil)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open++
	return &tapped{Session: session, tap: t, address: address, serverID: session.Hello().Identity.ServerID}, nil
}

func (t *tap) begin(call *sent) *sent {
	t.mu.Lock()
	defer t.mu.Unlock()
	call.at = time.Now()
	t.list = append(t.list, call)
	return call
}

// count returns how many calls were begun so far.
func (t *tap) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.list)
}

func (t *tap) end(call *sent, err error, outcomes []transport.Outcome, gone []transport.Ended) {
	t.mu.Lock()
	defer t.mu.Unlock()
	call.ended, call.err, call.outcomes, call.gone = time.Now(), err, outcomes, gone
	if t.most == nil {
		t.most = map[messages.Address]int{}
	}
	for i, server := range t.stage.servers {
		address := t.stage.config.Servers[i]
		t.most[address] = max(t.most[address], server.Held("f2"))
	}
}

// calls returns the calls of this kind so far, at these addresses; at any when none is given.
func (t *tap) calls(kind transporttest.Kind, at ...messages.Address) []sent {
	t.mu.Lock()
	defer t.mu.Unlock()
	var calls []sent
	for _, call := range t.list {
		if call.kind == kind && (len(at) == 0 || slices.Contains(at, call.address)) {
			calls = append(calls, *call)
		}
	}
	return calls
}

// answered returns those of calls that the server answered, other than by a refusal.
func (t *tap) answered(kind transporttest.Kind, at ...messages.Address) []sent {
	return slices.DeleteFunc(t.calls(kind, at...), func(c sent) bool { return c.err != nil || c.ended.IsZero() })
}

// beats returns how many heartbeats were answered so far.
func (t *tap) beats() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, call := range t.list {
		if call.kind == transporttest.Heartbeats && call.err == nil && !call.ended.IsZero() {
			n++
		}
	}
	return n
}

// lastOf returns the latest call of this kind.
func (t *tap) lastOf(kind transporttest.Kind, at ...messages.Address) sent {
	calls := t.calls(kind, at...)
	return calls[len(calls)-1]
}

// mostHeld returns how many seats of f2 were ever in use at once at the server with this first address.
func (t *tap) mostHeld(at messages.Address) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.most[at]
}

// tapped is a session that was opened through the tap.
type tapped struct {
	transport.Session
	tap     *tap
	address messages.Address
	closing sync.Once

	mu       sync.Mutex // guards the field below
	serverID string
}

// leadsTo notes who answered, when somebody did.
func (s *tapped) leadsTo(h transport.Hello) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.Identity.ServerID != "" {
		s.serverID = h.Identity.ServerID
	}
}

func (s *tapped) begin(call *sent) *sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	call.address, call.serverID = s.address, s.serverID
	return s.tap.begin(call)
}

func (s *tapped) Checkout(ctx context.Context, takes []transport.Take) (transport.CheckoutReply, error) {
	call := s.begin(&sent{kind: transporttest.Checkouts, takes: slices.Clone(takes)})
	reply, err := s.Session.Checkout(ctx, takes)
	s.leadsTo(reply.Hello)
	s.tap.end(call, err, reply.Outcomes, nil)
	return reply, err
}

func (s *tapped) Heartbeat(ctx context.Context, leases []messages.LeaseID) (transport.HeartbeatReply, error) {
	call := s.begin(&sent{kind: transporttest.Heartbeats, leases: slices.Clone(leases)})
	reply, err := s.Session.Heartbeat(ctx, leases)
	s.leadsTo(reply.Hello)
	s.tap.end(call, err, nil, reply.Ended)
	return reply, err
}

func (s *tapped) Checkin(ctx context.Context, returns []transport.Return) (transport.CheckinReply, error) {
	call := s.begin(&sent{kind: transporttest.Checkins, returns: slices.Clone(returns)})
	reply, err := s.Session.Checkin(ctx, returns)
	s.leadsTo(reply.Hello)
	s.tap.end(call, err, nil, nil)
	return reply, err
}

func (s *tapped) Close() error {
	s.closing.Do(func() {
		s.tap.mu.Lock()
		defer s.tap.mu.Unlock()
		s.tap.open--
	})
	return s.Session.Close()
}
