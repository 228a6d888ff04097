package supervisor

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// wireSession is a session whose calls the wire sees.
type wireSession struct {
	transport.Session
	wire    *wire
	address transport.Address
	closing sync.Once
	server  string // that the latest answer came from; guarded by the mu of wire
}

// answered notes an answer, and who gave it.
func (s *wireSession) answered(kind string, items int, hello transport.Hello, err error) {
	if refusal := transport.AsRefusal(err); refusal != nil {
		hello = refusal.Hello
	}
	if hello.Identity.Valid() {
		s.wire.mu.Lock()
		s.server = hello.Identity.ServerID
		s.wire.mu.Unlock()
	}
	s.wire.heard(s.address, fmt.Sprintf("%s x%d", kind, items), err)
}

func (s *wireSession) Close() error {
	s.closing.Do(func() {
		s.wire.mu.Lock()
		defer s.wire.mu.Unlock()
		s.wire.sessions--
	})
	return s.Session.Close()
}

func (s *wireSession) Checkout(ctx context.Context, takes []transport.Take) (transport.CheckoutReply, error) {
	sent := time.Now()
	s.wire.checkTakes(s, takes)
	if err := s.wire.spend(ctx, "checkout"); err != nil {
		return transport.CheckoutReply{}, err
	}
	reply, err := s.Session.Checkout(ctx, takes)
	s.answered("checkout", len(takes), reply.Hello, err)
	s.wire.noteRefused(takes, reply.Outcomes, err)
	if err == nil {
		s.wire.noteGrants(sent, reply.Outcomes)
	}
	return reply, err
}

func (s *wireSession) Heartbeat(ctx context.Context, leases []messages.LeaseID) (transport.HeartbeatReply, error) {
	sent := time.Now()
	s.wire.checkBeat(s, leases)
	if err := s.wire.spend(ctx, "heartbeat"); err != nil {
		return transport.HeartbeatReply{}, err
	}
	reply, err := s.Session.Heartbeat(ctx, leases)
	s.answered("heartbeat", len(leases), reply.Hello, err)
	if err == nil {
		s.wire.noteBeat(sent, leases, reply.Ended)
	}
	return reply, err
}

func (s *wireSession) Checkin(ctx context.Context, returns []transport.Return) (transport.CheckinReply, error) {
	s.wire.noteReturns(s, returns)
	if err := s.wire.spend(ctx, "checkin"); err != nil {
		return transport.CheckinReply{}, err
	}
	reply, err := s.Session.Checkin(ctx, returns)
	s.answered("checkin", len(returns), reply.Hello, err)
	s.wire.noteRefusal(err)
	return reply, err
}

// noteRefusal notes a refusal of a return for good: those seats stay where they are until the server frees them.
func (w *wire) noteRefusal(err error) {
	if refusal := transport.AsRefusal(err); refusal != nil && refusal.RetryAfter <= 0 {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.kept = true
	}
}

// checkTakes: a request whose cancel was sent is never used again (rule 13).
func (w *wire) checkTakes(s *wireSession, takes []transport.Take) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range takes {
		w.asked[t.Request] = asked{t.Feature, t.Count}
		if w.gone(s.server, t.Request) {
			w.report("a request of %s was sent after its return", t.Feature)
		}
	}
}

// noteRefused notes what was refused for good: nothing is owed for it, unless the server may have executed it before.
func (w *wire) noteRefused(takes []transport.Take, outcomes []transport.Outcome, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if refusal := transport.AsRefusal(err); refusal != nil && refusal.RetryAfter <= 0 {
		for _, t := range takes {
			w.refused[t.Request] = true
		}
	}
	for _, o := range outcomes {
		if o.Result == transport.Refused && o.RetryAfter <= 0 {
			w.refused[o.Request] = true
		}
	}
}

// stray reports whether a local lease is from a copy of a request that the network delivered when its answer, a refusal
// for good, had come: the server had seats again. A network lease like that is freed by the client timeout; of a local one
// nobody but the server knows.
func (w *wire) stray(lease transporttest.Lease) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return lease.Local && w.refused[lease.Request]
}

// noteGrants knows leases as the runtime learns of them.
func (w *wire) noteGrants(sent time.Time, outcomes []transport.Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range outcomes {
		if o.Result == transport.Granted {
			w.request[o.Lease] = o.Request
			w.renew(w.asked[o.Request], sent)
		}
	}
}

// checkBeat: a lease that is to be returned is never beaten (rule 14).
func (w *wire) checkBeat(s *wireSession, leases []messages.LeaseID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range leases {
		request := w.request[id]
		if w.gone(s.server, request) {
			w.report("the lease of %s was beaten after its return was sent", w.asked[request])
		}
	}
}

func (w *wire) noteBeat(sent time.Time, leases []messages.LeaseID, ended []transport.Ended) {
	w.mu.Lock()
	defer w.mu.Unlock()
	gone := make(map[messages.LeaseID]bool, len(ended))
	for _, e := range ended {
		gone[e.Lease] = true
	}
	for _, id := range leases {
		if !gone[id] {
			w.renew(w.asked[w.request[id]], sent)
		}
	}
}

func (w *wire) renew(of asked, sent time.Time) {
	if sent.After(w.renewed[of]) {
		w.renewed[of] = sent
	}
}

func (w *wire) noteReturns(s *wireSession, returns []transport.Return) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range returns {
		for _, request := range []messages.RequestID{r.Request, w.request[r.Lease]} {
			key := sentTo{s.server, request}
			if _, ok := w.returned[key]; !ok && request != (messages.RequestID{}) {
				w.returned[key] = time.Now()
			}
		}
	}
}
