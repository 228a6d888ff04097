package transporttest

import (
	"context"
	"time"

	"github.com/seatbeat/seatbeat/transport"
)

// Waiting returns how many takes wait in line for seats of a feature.
func (s *Server) Waiting(feature string) int {
	s.mu.Lock()
	defer s.unlock()
	ledger, _ := s.current()
	if p := ledger.pool(feature); p != nil {
		return len(p.line)
	}
	return 0
}

// unlock lets those in line have what has become free, before it unlocks mu.
func (s *Server) unlock() {
	now := s.now()
	next := s.ledger.serveLines(now)
	if s.alarm != nil {
		s.alarm.Stop()
	}
	if next != 0 {
		s.alarm = time.AfterFunc(time.Duration(max(0, next-now)), func() {
			s.mu.Lock()
			defer s.unlock()
			s.current()
		})
	}
	s.mu.Unlock()
}

// hold lets a call with a single take wait in line; it returns the answer at once when there is nothing to wait for. The
// caller holds mu.
func (s *Server) hold(p *passage, client uint32, t *transport.Take, now int64) answer {
	arrival, request := make(chan answer, 1), t.Request
	call := &heldCall{session: p.session, until: now + int64(min(t.Wait, s.helloLocked().Wait()))}
	call.answer = func(o transport.Outcome, err error) {
		if err != nil {
			arrival <- answer{err: err}
			return
		}
		o.Request = request
		arrival <- answer{reply: Reply{Hello: s.helloLocked(), Outcomes: []transport.Outcome{o}}}
	}
	o, decided := s.ledger.wait(client, t, call, now)
	if !decided {
		return answer{held: &waitingCall{call: call, arrival: arrival}}
	}
	return answer{reply: Reply{Hello: s.helloLocked(), Outcomes: []transport.Outcome{o}}}
}

// waitingCall is a call that the server holds.
type waitingCall struct {
	call    *heldCall
	arrival chan answer
}

// wait waits for the answer to a call that the server holds.
func (s *session) wait(ctx context.Context, p *passage, call Call, held *waitingCall) answer {
	got := s.await(ctx, p, p.requestLost, held.arrival)
	p.server.hangUp(held.call)
	return p.server.finish(call, got)
}

// hangUp: nobody waits for the answer to a call any more, if it was not answered already.
func (s *Server) hangUp(call *heldCall) {
	s.mu.Lock()
	defer s.unlock()
	ledger, now := s.current()
	ledger.eachPlace(func(pl *place) {
		if pl.call == call {
			pl.hangUp(ErrUnreachable, now)
		}
	})
}
