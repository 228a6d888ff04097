package grpcapi

import (
	"context"
	"crypto/x509"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/internal/engine"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// Service answers the calls of clients.
type Service struct {
	wire.UnimplementedSeatsServer
	cfg    Config
	engine *engine.Engine
	hello  *wire.Hello // in every reply; never changed

	watches watches
}

// New returns the service of an engine.
func New(cfg Config, e *engine.Engine) *Service {
	return &Service{cfg: cfg, engine: e, hello: helloOf(e.Identity(), cfg.ClientTimeout)}
}

// Connect opens a session.
func (s *Service) Connect(ctx context.Context, req *wire.ConnectRequest) (*wire.ConnectReply, error) {
	session, err := s.connect(ctx, req)
	if err != nil {
		return nil, s.statusOf(err)
	}
	return &wire.ConnectReply{Hello: s.hello, Session: session}, nil
}

func (s *Service) connect(ctx context.Context, req *wire.ConnectRequest) (uint64, error) {
	if err := checkLabels(req.GetName(), req.GetUser(), req.GetHost(), req.GetShare()); err != nil {
		return 0, err
	}
	holder, err := s.holder(ctx, req.GetInstance())
	if err != nil {
		return 0, err
	}
	claimed := seats.ClientInfo{User: req.GetUser(), Host: req.GetHost()}
	keys, err := s.shareKeys(ctx, claimed, req.GetShare())
	if err != nil {
		return 0, err
	}
	return s.engine.Connect(holder, keys, &claimed)
}

// Checkout decides takes.
func (s *Service) Checkout(ctx context.Context, req *wire.CheckoutRequest) (*wire.CheckoutReply, error) {
	takes, err := takesOf(req.GetTakes())
	if err != nil {
		return nil, s.statusOf(err)
	}
	if err := checkLabels(req.GetUser(), req.GetHost(), req.GetShare()); err != nil {
		return nil, s.statusOf(err)
	}
	var outcomes []seats.Outcome
	err = s.call(ctx, req.GetCaller(), func(c *seats.Client) (err error) {
		if err := s.introduce(ctx, c, req); err != nil {
			return err
		}
		if takes[0].Wait > 0 {
			outcomes, err = s.engine.Wait(ctx, c, req.GetCaller().GetSession(), takes[0])
			return err
		}
		outcomes, err = s.engine.Checkout(ctx, c, takes)
		return err
	})
	if err != nil {
		return nil, s.statusOf(err)
	}
	return &wire.CheckoutReply{Hello: s.hello, Outcomes: outcomesTo(outcomes)}, nil
}

// introduce sets the names and share keys of a client that has not connected since a restart. A Checkout repeats the
// claims of Connect.
func (s *Service) introduce(ctx context.Context, c *seats.Client, req *wire.CheckoutRequest) error {
	if c.Introduced() {
		return nil
	}
	claimed := seats.ClientInfo{User: req.GetUser(), Host: req.GetHost()}
	keys, err := s.shareKeys(ctx, claimed, req.GetShare())
	if err != nil {
		return err
	}
	c.Introduce(keys, &claimed)
	return nil
}

// Heartbeat renews leases.
func (s *Service) Heartbeat(ctx context.Context, req *wire.HeartbeatRequest) (*wire.HeartbeatReply, error) {
	leases := req.GetLeases()
	if err := checkPacked(leases, maxBeat); err != nil {
		return nil, s.statusOf(err)
	}
	reply := &wire.HeartbeatReply{Hello: s.hello}
	err := s.call(ctx, req.GetCaller(), func(c *seats.Client) error {
		ended, err := s.engine.Heartbeat(ctx, c, leases)
		reply.Ended, reply.Reasons = endedTo(ended)
		return err
	})
	if err != nil {
		return nil, s.statusOf(err)
	}
	return reply, nil
}

// Checkin returns seats.
func (s *Service) Checkin(ctx context.Context, req *wire.CheckinRequest) (*wire.CheckinReply, error) {
	leases, requests, err := returnsOf(req)
	if err != nil {
		return nil, s.statusOf(err)
	}
	err = s.call(ctx, req.GetCaller(), func(c *seats.Client) error {
		return s.engine.Checkin(ctx, c, leases, requests)
	})
	if err != nil {
		return nil, s.statusOf(err)
	}
	return &wire.CheckinReply{Hello: s.hello}, nil
}

// call runs a call of a session.
func (s *Service) call(ctx context.Context, caller *wire.Caller, run func(*seats.Client) error) error {
	holder, err := s.holder(ctx, caller.GetInstance())
	if err != nil {
		return err
	}
	c, err := s.engine.Enter(holder, caller.GetSession())
	if err != nil {
		return err
	}
	defer func() { s.engine.Leave(c) }()
	return run(c)
}

// holder returns the client that makes a call.
func (s *Service) holder(ctx context.Context, instance []byte) (h ledger.Holder, err error) {
	if h.Instance, err = instanceOf(instance); err != nil {
		return ledger.Holder{}, err
	}
	h.Identity, err = s.identity(ctx)
	return h, err
}

// identity returns the identity of the client that makes a call. Without TLS every client has the empty identity.
func (s *Service) identity(ctx context.Context) (string, error) {
	if s.cfg.Insecure {
		return "", nil
	}
	cert, err := certificate(ctx)
	if err != nil {
		return "", &seats.Refusal{Reason: messages.Denied, Message: err.Error()}
	}
	identity := s.cfg.Identify(cert)
	if identity == "" || len(identity) > MaxIdentity {
		return "", &seats.Refusal{Reason: messages.Denied, Message: "the certificate names no client"}
	}
	return identity, nil
}

// shareKeys returns the keys under which the client shares seats: from the names that its certificate proves, and
// otherwise from the claims of the client.
func (s *Service) shareKeys(ctx context.Context, claimed seats.ClientInfo, share string) (*seats.ShareKeys, error) {
	var proven seats.ClientInfo
	if !s.cfg.Insecure {
		cert, err := certificate(ctx)
		if err != nil {
			return nil, &seats.Refusal{Reason: messages.Denied, Message: err.Error()}
		}
		proven.User, proven.Host = s.cfg.ProvenNames(cert)
	}
	return seats.NewShareKeys(proven, claimed, share), nil
}

// statusOf returns the status of a call that failed: with a wire.Refusal when the server refuses the call, without one when
// the call gets no answer.
func (s *Service) statusOf(err error) error {
	r, refused := errors.AsType[*seats.Refusal](err)
	switch {
	case refused:
		s.engine.Limits().Count(r.Limit)
		s.cfg.Logger.Debug("call refused", "reason", r.Reason, "message", r.Message, "retry_after", r.RetryAfter.String())
		return refusalStatus(r, s.hello)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return status.FromContextError(err).Err()
	default: // superseded, stopped, failed
		return status.Error(codes.Unavailable, err.Error())
	}
}

// certificate returns the verified certificate of the caller.
func certificate(ctx context.Context) (*x509.Certificate, error) {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return nil, errors.New("no connection")
	}
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	if !ok || len(info.State.VerifiedChains) == 0 || len(info.State.VerifiedChains[0]) == 0 {
		return nil, errors.New("no verified certificate")
	}
	return info.State.VerifiedChains[0][0], nil
}

// LimitStream bounds the open streams of an identity. It is for the interceptor of the streams.
func (s *Service) LimitStream(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	identity, err := s.identity(stream.Context())
	if err == nil {
		err = s.watches.enter(identity)
	}
	if err != nil {
		return s.statusOf(err)
	}
	defer s.watches.leave(identity)
	return handler(srv, stream)
}
