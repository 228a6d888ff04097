// Package wiretap observes the calls between a runtime and its licence servers, for tests. New wraps a transport;
// Recorder keeps the calls, and Invariants reports calls that no runtime may send.
package wiretap

import (
	"context"
	"sync"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// Call is one call of a transport or a session, as it is sent.
type Call struct {
	Kind     transporttest.Kind
	Address  transport.Address
	ServerID string // of the server that answered last on this session; empty for a connect
	Sent     time.Time
	Takes    []transport.Take   // of a checkout
	Leases   []messages.LeaseID // of a heartbeat
	Returns  []transport.Return // of a checkin
}

// Answer is the result of a call.
type Answer struct {
	Time     time.Time
	Hello    transport.Hello // zero when the server did not answer
	Outcomes []transport.Outcome
	Ended    []transport.Ended
	Err      error
}

// Observer has functions that are called with the calls of a transport. They may be nil. They are called on the
// goroutines of the calls, several at a time.
type Observer struct {
	// Sent is called before the call is sent. It may block. When it returns an error, the call is not sent and fails with
	// that error. The slices of the call stay the caller's.
	Sent func(context.Context, *Call) error
	// Answered is called before the answer is returned, with the same pointer as Sent.
	Answered func(*Call, Answer)
	// Closed is called when a session is closed for the first time.
	Closed func()
}

// New returns a transport that passes all calls on to inner and tells the observers of each.
func New(inner transport.Transport, observers ...Observer) transport.Transport {
	return &tap{inner: inner, observers: observers}
}

type tap struct {
	inner     transport.Transport
	observers []Observer
}

// Connect implements transport.Transport.
func (t *tap) Connect(ctx context.Context, address transport.Address) (transport.Session, error) {
	var opened transport.Session
	answer := t.observe(ctx, &Call{Kind: transporttest.Connects, Address: address}, func() (a Answer) {
		if opened, a.Err = t.inner.Connect(ctx, address); a.Err == nil {
			a.Hello = opened.Hello()
		}
		return withHello(a)
	})
	if answer.Err != nil {
		return nil, answer.Err
	}
	return &session{Session: opened, tap: t, address: address, serverID: answer.Hello.Identity.ServerID}, nil
}

// observe makes a call and tells the observers of it.
func (t *tap) observe(ctx context.Context, c *Call, call func() Answer) Answer {
	c.Sent = time.Now()
	var answer Answer
	for _, o := range t.observers {
		if o.Sent != nil && answer.Err == nil {
			answer.Err = o.Sent(ctx, c)
		}
	}
	if answer.Err == nil {
		answer = call()
	}
	answer.Time = time.Now()
	for _, o := range t.observers {
		if o.Answered != nil {
			o.Answered(c, answer)
		}
	}
	return answer
}

// session is a session that was opened through a tap.
type session struct {
	transport.Session
	tap     *tap
	address transport.Address
	closing sync.Once

	mu       sync.Mutex // guards the field below
	serverID string     // of the latest answer
}

// Checkout implements transport.Session.
func (s *session) Checkout(ctx context.Context, takes []transport.Take) (reply transport.CheckoutReply, err error) {
	answer := s.observe(ctx, Call{Kind: transporttest.Checkouts, Takes: takes}, func() Answer {
		reply, err = s.Session.Checkout(ctx, takes)
		return Answer{Hello: reply.Hello, Outcomes: reply.Outcomes, Err: err}
	})
	return reply, answer.Err
}

// Heartbeat implements transport.Session.
func (s *session) Heartbeat(ctx context.Context, leases []messages.LeaseID) (reply transport.HeartbeatReply, err error) {
	answer := s.observe(ctx, Call{Kind: transporttest.Heartbeats, Leases: leases}, func() Answer {
		reply, err = s.Session.Heartbeat(ctx, leases)
		return Answer{Hello: reply.Hello, Ended: reply.Ended, Err: err}
	})
	return reply, answer.Err
}

// Checkin implements transport.Session.
func (s *session) Checkin(ctx context.Context, returns []transport.Return) (reply transport.CheckinReply, err error) {
	answer := s.observe(ctx, Call{Kind: transporttest.Checkins, Returns: returns}, func() Answer {
		reply, err = s.Session.Checkin(ctx, returns)
		return Answer{Hello: reply.Hello, Err: err}
	})
	return reply, answer.Err
}

// observe makes a call to the server that the session leads to.
func (s *session) observe(ctx context.Context, c Call, call func() Answer) Answer {
	c.Address, c.ServerID = s.address, s.server()
	return s.tap.observe(ctx, &c, func() Answer {
		answer := withHello(call())
		s.learn(answer.Hello.Identity)
		return answer
	})
}

// withHello takes the Hello of a refusal from its error.
func withHello(a Answer) Answer {
	if refusal := transport.AsRefusal(a.Err); refusal != nil {
		a.Hello = refusal.Hello
	}
	return a
}

func (s *session) server() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.serverID
}

// learn notes which server answered, if one did.
func (s *session) learn(i messages.Identity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i.Valid() {
		s.serverID = i.ServerID
	}
}

// Close implements transport.Session.
func (s *session) Close() error {
	s.closing.Do(func() {
		for _, o := range s.tap.observers {
			if o.Closed != nil {
				o.Closed()
			}
		}
	})
	return s.Session.Close()
}
