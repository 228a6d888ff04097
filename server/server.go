package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/seatbeat/seatbeat/internal/faults"
	"github.com/seatbeat/seatbeat/internal/logqueue"
	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/internal/engine"
	"github.com/seatbeat/seatbeat/server/internal/grpcapi"
	"github.com/seatbeat/seatbeat/server/license"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// ErrNoLease: the server holds no lease with this id. It may have ended already; nothing has to be done.
var ErrNoLease = seats.ErrNoLease

// Server is one incarnation of a licence server. Its methods are safe for concurrent use.
type Server struct {
	cfg    Config
	engine *engine.Engine
	grpc   *grpc.Server
	health *health.Server
	conns  *grpcapi.ConnLimiter

	audit     *auditWriter    // nil without an audit
	logs      *logqueue.Queue // in front of the host's handler
	unobserve func() error    // ends the metrics; nil without metrics

	endStreams context.CancelFunc // of the health service
	stopOnce   sync.Once
	stopped    chan struct{} // closed when the server has ended; stopError is set then
	stopError  error
}

// New opens and loads the ledger, which may take seconds for a million leases, and records the start of a new
// incarnation in it. The server serves no client yet, but holds the ledger until Stop. Faults of cfg are returned
// joined, each a [*messages.FieldError].
func New(cfg Config) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	logs, logger := logqueue.New(cfg.Logger.Handler())
	cfg.Logger = logger
	audit := newAuditWriter(cfg.Audit, cfg.AuditRequired, logger)
	e, err := engine.New(cfg.engine(audit))
	if err != nil {
		audit.Close()
		logs.Close(logGrace)
		return nil, fmt.Errorf("new server: %w", err)
	}
	api := cfg.api()
	var stopping context.Context
	s := &Server{cfg: cfg, engine: e, health: health.NewServer(), audit: audit, logs: logs, stopped: make(chan struct{})}
	stopping, s.endStreams = context.WithCancel(context.Background())
	api.Stopping = stopping
	service := grpcapi.New(api, e)
	s.grpc = grpc.NewServer(api.Options(service)...)
	s.conns = grpcapi.NewConnLimiter(cfg.Limits.SourceConnections, logger)
	if s.unobserve, err = observe(cfg.MeterProvider, e, s.conns, audit); err != nil {
		err = errors.Join(fmt.Errorf("new server: metrics: %w", err), s.end())
		logs.Close(logGrace)
		return nil, err
	}
	wire.RegisterSeatsServer(s.grpc, service)
	grpc_health_v1.RegisterHealthServer(s.grpc, s.health)
	s.setHealth(grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	go func() {
		<-e.Ended() // after Stop the next line changes nothing any more
		s.cut()
	}()
	return s, nil
}

// Identity returns the ServerID, BootID and Epoch of this incarnation.
func (s *Server) Identity() messages.Identity { return s.engine.Identity() }

// LicenseTime returns the time by which licences are judged: the wall clock, or the latest time that the ledger knows of
// when the wall clock was set back. So an expired licence stays expired. A program that reads licence files judges them by
// this time, too. It may be called from any goroutine and does not block.
//
// A clock that went ahead by mistake is logged as a warning, and is believed. Once the clock is corrected, LicenseTime
// stands still until the clock has caught up. Licences that expire before that have to be issued anew, or the ledger is
// restored from a backup made before the mistake, which forgets the leases granted since.
func (s *Server) LicenseTime() time.Time { return s.engine.LicenseTime() }

// Serve answers clients on a listener until Stop, and then returns nil; after Stop it returns nil at once. It closes the
// listener. It may be called for several listeners, each from a goroutine of its own. The client timeout of leases from
// an earlier incarnation starts with the first call.
//
// When the ledger fails, the server ends by itself, because it could decide the same request twice. Serve returns the
// error, and a new server has to be made. Without TLS a listener that is not on loopback is refused, unless
// Config.InsecureRemote is set.
func (s *Server) Serve(listener net.Listener) error {
	if err := s.admit(listener.Addr()); err != nil {
		return errors.Join(err, listener.Close())
	}
	if !s.engine.Draining() {
		s.engine.Open()
		s.setHealth(grpc_health_v1.HealthCheckResponse_SERVING)
	}
	s.cfg.Logger.Info("server serves", "address", listener.Addr().String(), s.identityGroup(),
		"client_timeout", s.cfg.ClientTimeout.String())
	if err := s.grpc.Serve(s.conns.Limit(listener)); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("serve %s: %w", listener.Addr(), err)
	}
	select {
	case <-s.engine.Ended():
		return s.engine.Failure()
	default:
		return nil
	}
}

// admit refuses to serve without TLS on an address that other machines can reach.
func (s *Server) admit(address net.Addr) error {
	if !s.cfg.Insecure {
		return nil
	}
	if tcp, ok := address.(*net.TCPAddr); ok && !tcp.IP.IsLoopback() && !s.cfg.InsecureRemote {
		return fmt.Errorf("serve %s: without TLS only loopback is served unless InsecureRemote is set", address)
	}
	s.cfg.Logger.Warn("server serves without TLS: whoever reaches it can use every lease", "address", address.String())
	return nil
}

// Drain has the server answer every new request with Draining and a retry-after, but for returns of seats, which are done
// until Stop. Requests that are decided already are still answered. The health service reports that the server does not serve. Drain does not block, and cannot be
// undone.
func (s *Server) Drain() {
	s.engine.Drain()
	s.health.Shutdown()
}

// Stop ends the server: it drains, answers the running calls, closes all connections and then the ledger. When ctx ends
// first, Stop cuts the connections; the decisions are in the ledger even then. Afterwards a new server can be made on
// the ledger. Stop returns the fault that ended the server earlier, if any, or the error of closing the ledger. It may
// be called again: a later call waits for the first.
//
// Stop returns at most two seconds after ctx has ended, whatever hangs: a client, the reader of a backup, a handler of the
// host, the disk. The handler of Config.Audit gets the first of these seconds to write the records that are left. When
// something hangs longer, Stop gives it up and returns an error that says so; its goroutine ends when it returns.
func (s *Server) Stop(ctx context.Context) error {
	s.stopOnce.Do(func() {
		go func() {
			defer close(s.stopped)
			s.stop(ctx)
		}()
	})
	late := make(chan struct{})
	defer context.AfterFunc(ctx, func() {
		time.AfterFunc(auditGrace+logGrace, func() { close(late) })
	})()
	select {
	case <-s.stopped:
		return s.stopError
	case <-late:
		return errStopAbandoned
	}
}

const (
	// auditGrace is how long the audit may still write what is left when a Stop may wait no longer.
	auditGrace = time.Second
	// logGrace is how long the log may still write what is left when the server has ended.
	logGrace = time.Second
)

// errStopAbandoned is the error of a Stop that waited for its end in vain.
var errStopAbandoned = errors.New("the stop was given up: the ledger, or code of the host, hangs")

// stop is the one run of Stop.
func (s *Server) stop(ctx context.Context) {
	s.Drain()
	s.endStreams()
	s.conns.CloseSilent() // gRPC waits for their handshakes
	if ctx.Err() == nil {
		drained := context.AfterFunc(ctx, s.cut)
		s.grpc.GracefulStop()
		drained()
	}
	s.cut()
	s.audit.limit(ctx)
	s.stopError = s.end()
	if s.unobserve != nil {
		s.stopError = errors.Join(s.stopError, s.unobserve())
	}
	s.cfg.Logger.Info("server stopped", s.identityGroup())
	s.logs.Close(logGrace)
}

// cut ends all connections and calls at once.
func (s *Server) cut() {
	s.conns.CloseAll()
	s.grpc.Stop()
}

// end ends the engine and waits for the audit.
func (s *Server) end() error {
	err := s.engine.Stop()
	if !s.audit.wait() {
		err = errors.Join(err, errAuditAbandoned)
	}
	return err
}

// setHealth sets the status of the server as a whole and of its one service.
func (s *Server) setHealth(status grpc_health_v1.HealthCheckResponse_ServingStatus) {
	s.health.SetServingStatus("", status)
	s.health.SetServingStatus(wire.Seats_ServiceDesc.ServiceName, status)
}

// identityGroup returns the identity as a log attribute.
func (s *Server) identityGroup() slog.Attr {
	id := s.Identity()
	return slog.Group("identity", "server_id", id.ServerID, "boot_id", id.BootID, "epoch", id.Epoch)
}

// Status returns the current state of the server. It waits for the committer, until ctx ends. After Stop it returns an
// error.
func (s *Server) Status(ctx context.Context) (Status, error) {
	status, err := s.engine.Status(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("status of server: %w", err)
	}
	return statusOf(s.Identity(), status), nil
}

// Holders returns a page of the leases that are held, in no particular order. Leases that come and go between two pages
// may be missed. It waits for the committer, until ctx ends.
func (s *Server) Holders(ctx context.Context, query HoldersQuery) (HoldersPage, error) {
	page, err := s.engine.Holders(ctx, seats.HoldersQuery(query))
	if err != nil {
		return HoldersPage{}, fmt.Errorf("holders of server: %w", err)
	}
	return pageOf(page), nil
}

// End ends a lease for a reason: Expired, Replaced, Returned, Revoked or FeatureExpired. It returns when the end is
// durable, and ErrNoLease when no such lease is held. The holder learns of it with its next heartbeat.
func (s *Server) End(ctx context.Context, lease messages.LeaseID, reason messages.Reason) error {
	if !slices.Contains([]messages.Reason{
		messages.Expired, messages.Replaced, messages.Returned, messages.Revoked, messages.FeatureExpired,
	}, reason) {
		return fmt.Errorf("end lease: %q is no reason for which a lease ends", reason)
	}
	if err := s.engine.EndLease(ctx, lease, reason); err != nil {
		return fmt.Errorf("end lease: %w", err)
	}
	return nil
}

// Revoke ends a lease for good: its holder cannot get it back by replacing it. See [Server.End].
func (s *Server) Revoke(ctx context.Context, lease messages.LeaseID) error {
	return s.End(ctx, lease, messages.Revoked)
}

// SetFeatures replaces the list of features. It ends no lease: a feature with more seats held than it now has grants
// again once enough seats are returned, and a feature that left the list grants nothing. The list is in force when
// SetFeatures returns nil; a faulty list changes nothing, and its faults are returned joined, each a
// [*messages.FieldError]. The slice stays the caller's.
func (s *Server) SetFeatures(ctx context.Context, features []license.Feature) error {
	var faults faults.List
	validateFeatures(&faults, features)
	if err := faults.Err(); err != nil {
		return err
	}
	if err := s.engine.SetFeatures(ctx, slices.Clone(features)); err != nil {
		return fmt.Errorf("set features: %w", err)
	}
	return nil
}
