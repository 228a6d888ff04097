package server

import (
	"context"

	"github.com/seatbeat/seatbeat/transport/wire"
)

// service is the engine as clients see it: it finds out who calls, turns messages into values and back, and lets the
// engine decide.
type service struct {
	wire.UnimplementedSeatsServer
	cfg    Config
	engine *engine
	hello  *wire.Hello // with every reply; never changed
}

func newService(cfg Config, e *engine) *service {
	return &service{cfg: cfg, engine: e, hello: helloOf(e.identity, cfg.ClientTimeout)}
}

// Connect opens a session.
func (s *service) Connect(ctx context.Context, req *wire.ConnectRequest) (*wire.ConnectReply, error) {
	session, err := s.connect(ctx, req)
	if err != nil {
		return nil, s.statusOf(err)
	}
	return &wire.ConnectReply{Hello: s.hello, Session: session}, nil
}

func (s *service) connect(ctx context.Context, req *wire.ConnectRequest) (uint64, error) {
	if err := checkLabels(req.GetName(), req.GetUser(), req.GetHost(), req.GetShare()); err != nil {
		return 0, err
	}
	holder, err := s.holder(ctx, req.GetInstance())
	if err != nil {
		return 0, err
	}
	keys, err := s.cfg.groupsOf(ctx, req.GetUser(), req.GetHost(), req.GetShare())
	if err != nil {
		return 0, err
	}
	session, err := s.engine.connect(holder, keys)
	if err == nil {
		s.engine.clients.label(holder, &labels{user: req.GetUser(), host: req.GetHost()})
	}
	return session, err
}

// Checkout decides takes.
func (s *service) Checkout(ctx context.Context, req *wire.CheckoutRequest) (*wire.CheckoutReply, error) {
	takes, err := takesOf(req.GetTakes())
	if err != nil {
		return nil, s.statusOf(err)
	}
	if err := checkLabels(req.GetUser(), req.GetHost(), req.GetShare()); err != nil {
		return nil, s.statusOf(err)
	}
	var outcomes []outcome
	err = s.call(ctx, req.GetCaller(), func(c *client) (err error) {
		if err := s.introduce(ctx, c, req); err != nil {
			return err
		}
		if takes[0].wait > 0 {
			outcomes, err = s.engine.wait(ctx, c, req.GetCaller().GetSession(), takes[0])
			return err
		}
		outcomes, err = s.engine.checkout(ctx, c, takes)
		return err
	})
	if err != nil {
		return nil, s.statusOf(err)
	}
	return &wire.CheckoutReply{Hello: s.hello, Outcomes: outcomesTo(outcomes)}, nil
}

// introduce takes a client that has not connected since a restart for what it connected as before.
func (s *service) introduce(ctx context.Context, c *client, req *wire.CheckoutRequest) error {
	if c.groups.Load() != nil {
		return nil
	}
	keys, err := s.cfg.groupsOf(ctx, req.GetUser(), req.GetHost(), req.GetShare())
	if err != nil {
		return err
	}
	c.groups.CompareAndSwap(nil, keys) // a Connect meanwhile knows better
	c.labels.CompareAndSwap(nil, &labels{user: req.GetUser(), host: req.GetHost()})
	return nil
}

// Heartbeat renews leases.
func (s *service) Heartbeat(ctx context.Context, req *wire.HeartbeatRequest) (*wire.HeartbeatReply, error) {
	leases := req.GetLeases()
	if err := checkPacked(leases, maxBeat); err != nil {
		return nil, s.statusOf(err)
	}
	reply := &wire.HeartbeatReply{Hello: s.hello}
	err := s.call(ctx, req.GetCaller(), func(c *client) error {
		gone, err := s.engine.heartbeat(ctx, c, leases)
		reply.Ended, reply.Reasons = endedTo(gone)
		return err
	})
	if err != nil {
		return nil, s.statusOf(err)
	}
	return reply, nil
}

// Checkin returns seats.
func (s *service) Checkin(ctx context.Context, req *wire.CheckinRequest) (*wire.CheckinReply, error) {
	leases, requests, err := returnsOf(req)
	if err != nil {
		return nil, s.statusOf(err)
	}
	err = s.call(ctx, req.GetCaller(), func(c *client) error {
		return s.engine.checkin(ctx, c, leases, requests)
	})
	if err != nil {
		return nil, s.statusOf(err)
	}
	return &wire.CheckinReply{Hello: s.hello}, nil
}

// call runs a call of a session.
func (s *service) call(ctx context.Context, caller *wire.Caller, run func(*client) error) error {
	holder, err := s.holder(ctx, caller.GetInstance())
	if err != nil {
		return err
	}
	c, err := s.engine.clients.enter(holder, caller.GetSession(), s.engine.clock.now())
	if err != nil {
		return err
	}
	defer func() { c.leave(s.engine.clock.now()) }()
	return run(c)
}

// holder returns who calls.
func (s *service) holder(ctx context.Context, instance []byte) (h Holder, err error) {
	if h.Instance, err = instanceOf(instance); err != nil {
		return Holder{}, err
	}
	h.Identity, err = s.cfg.caller(ctx)
	return h, err
}
