package transporttest

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// dispatch sends a call of this kind on its way, or returns why that is not possible.
func (s *Server) dispatch(from *session, kind Kind) (*passage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Tried++
	e := from.endpoint
	cuts := e.cuts.Load() // before cut is read: Cut sets cut first, so a cut overlooked here shows as another number later
	if s.down || e.cut.Load() {
		return nil, ErrUnreachable
	}
	f := &s.faults[kind]
	return &passage{
		endpoint: e, server: s, session: from.number, cuts: cuts, lives: s.lives, downs: s.downs,
		vanishes: f.vanish, delay: f.delay, replyDelay: f.replyDelay,
	}, nil
}

// deliver lets a call arrive and returns what the server answers, once the hooks have seen both.
func (s *Server) deliver(p *passage, call Call) answer {
	onCall, arrived := s.arrive(p, call)
	if !arrived {
		return answer{err: ErrUnreachable}
	}
	if onCall != nil {
		onCall(call)
	}
	got := s.serve(p, call)
	if got.held != nil {
		return got // finished when it is answered
	}
	return s.finish(call, got)
}

// finish lets an answer leave the server.
func (s *Server) finish(call Call, got answer) answer {
	s.mu.Lock()
	dropped, tamper := s.faults[call.Kind].takeDrop(), s.tamper
	s.mu.Unlock()
	if tamper != nil && got.err == nil {
		tamper(call, &got.reply)
		got.err = got.reply.Err
	}
	if dropped && answered(got.err) {
		return answer{err: ErrReplyLost}
	}
	return got
}

// answered reports whether err, of a call that arrived, came from the server: there was a reply or a refusal to lose.
func answered(err error) bool { return err == nil || transport.AsRefusal(err) != nil }

// arrive counts a call that reached the server.
func (s *Server) arrive(p *passage, call Call) (onCall func(Call), arrived bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.requestLostLocked() {
		return nil, false
	}
	s.stats.count(&call)
	return s.onCall, true
}

// serve executes a call, and its copy when one is due.
func (s *Server) serve(p *passage, call Call) answer {
	s.mu.Lock()
	defer s.unlock()
	if p.requestLostLocked() { // by the hook
		return answer{err: ErrUnreachable}
	}
	got := s.execute(p, &call)
	if later, ok := s.faults[call.Kind].takeCopy(); ok {
		s.repeat(p, call, later)
	}
	return got
}

// repeat lets a copy of a call arrive, at once or later. The caller holds mu.
func (s *Server) repeat(p *passage, call Call, later time.Duration) {
	if later <= 0 {
		s.stats.count(&call)
		s.execute(p, &call)
		return
	}
	copied := call.clone()
	time.AfterFunc(later, func() {
		s.mu.Lock()
		defer s.unlock()
		if !p.requestLostLocked() {
			s.stats.count(&copied)
			s.execute(p, &copied)
		}
	})
}

// execute answers a call. The caller holds mu.
func (s *Server) execute(p *passage, call *Call) answer {
	instance := call.Client.Instance
	if p.session < s.sessions[instance] {
		return answer{err: ErrSuperseded}
	}
	if refusal := s.faults[call.Kind].refusal; refusal != nil {
		return answer{err: s.refuse(*refusal)}
	}
	if !call.wellFormed() {
		return answer{err: s.refuse(transport.Refusal{Reason: messages.Malformed, Message: "too few or too many items"})}
	}
	ledger, now := s.current()
	reply := Reply{Hello: s.helloLocked()}
	client := ledger.client(instance)
	if s.sessions[instance] != p.session { // one that this life has not met is taken at its word
		s.sessions[instance] = p.session
		ledger.hangUpOlder(client, p.session, now)
	}
	switch call.Kind {
	case Checkouts:
		if len(call.Takes) == 1 && call.Takes[0].Wait > 0 {
			return s.hold(p, client, &call.Takes[0], now)
		}
		reply.Outcomes = make([]transport.Outcome, len(call.Takes))
		for i := range call.Takes {
			reply.Outcomes[i] = ledger.take(client, &call.Takes[i], now)
		}
	case Heartbeats:
		reply.Ended = ledger.beat(client, call.Leases, now)
	case Checkins:
		for i := range call.Returns {
			ledger.giveBack(client, &call.Returns[i], now)
		}
	}
	return answer{reply: reply}
}

func (s *Server) refuse(refusal transport.Refusal) error {
	if !refusal.Hello.Identity.Valid() {
		refusal.Hello = s.helloLocked()
	}
	return &refusal
}
