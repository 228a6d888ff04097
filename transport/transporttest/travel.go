package transporttest

import (
	"context"
	"time"
)

// answer is what a caller gets.
type answer struct {
	reply Reply
	err   error
	held  *waitingCall // not nil: the server holds the call
}

// passage is one call under way: what the network does to it, and what must not change until it has arrived.
type passage struct {
	endpoint *endpoint
	server   *Server
	session  uint64
	cuts     uint64 // of the endpoint, when it was sent
	lives    uint64 // of the server, when it was sent
	downs    uint64 // of the server, when it was sent

	vanishes   bool
	delay      time.Duration // of the request
	replyDelay time.Duration
}

// travel takes one call to the server at the session's address, and the answer back.
func (s *session) travel(ctx context.Context, call Call) answer {
	if err := s.usable(ctx); err != nil {
		return answer{err: err}
	}
	p, err := s.endpoint.server.Load().dispatch(s, call.Kind)
	if err != nil {
		return answer{err: err}
	}
	got := s.reach(ctx, p, call)
	if got.held != nil {
		got = s.wait(ctx, p, call, got.held)
	}
	if p.replyDelay > 0 && answered(got.err) {
		return s.await(ctx, p, p.replyLost, after(p.replyDelay, func() answer { return got }))
	}
	return got
}

// reach takes the call to the server, in the time that the network needs for that.
func (s *session) reach(ctx context.Context, p *passage, call Call) answer {
	switch {
	case p.vanishes:
		return s.await(ctx, p, p.requestLost, nil)
	case p.delay > 0:
		late := call.clone()
		return s.await(ctx, p, p.requestLost, after(p.delay, func() answer { return p.server.deliver(p, late) }))
	default:
		return p.server.deliver(p, call)
	}
}

// usable returns an error when the call has ended before it began.
func (s *session) usable(ctx context.Context) error {
	select {
	case <-s.closed:
		return ErrClosed
	default:
		return ctx.Err()
	}
}

// after returns a channel on which the result of f arrives, f being called when d has passed, whoever still waits.
func after(d time.Duration, f func() answer) <-chan answer {
	arrival := make(chan answer, 1)
	time.AfterFunc(d, func() { arrival <- f() })
	return arrival
}

// await waits for what arrives, until the caller or the session gives up, or it is lost.
func (s *session) await(ctx context.Context, p *passage, lost func() bool, arrival <-chan answer) answer {
	for {
		severed := p.server.watch()
		if lost() {
			return answer{err: ErrUnreachable}
		}
		select {
		case got := <-arrival:
			return got
		case <-ctx.Done():
			return answer{err: ctx.Err()}
		case <-s.closed:
			return answer{err: ErrClosed}
		case <-severed:
		}
	}
}

// requestLost reports whether the server went down, restarted or was cut off since the call was sent.
func (p *passage) requestLost() bool {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	return p.requestLostLocked()
}

func (p *passage) requestLostLocked() bool {
	return p.server.lives != p.lives || p.endpoint.cuts.Load() != p.cuts
}

// replyLost reports the same for a reply, which a mere restart does not stop: it was sent before.
func (p *passage) replyLost() bool {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	return p.server.downs != p.downs || p.endpoint.cuts.Load() != p.cuts
}
