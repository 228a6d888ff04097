package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// Server is one life of a licence server. Its methods are safe for concurrent use.
type Server struct {
	cfg    Config
	engine *engine
	grpc   *grpc.Server
	health *health.Server

	sources   *sources
	unobserve func() error // ends the metrics; nil without
}

// New opens the ledger and loads what it kept, which may take seconds for a million leases, and notes the start of a new
// life in it. The server serves nothing yet, but holds the ledger until Stop. Faults of cfg are returned joined, each a
// [*messages.FieldError].
func New(cfg Config) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	e, err := newEngine(cfg)
	if err != nil {
		return nil, fmt.Errorf("new server: %w", err)
	}
	s := &Server{
		cfg: cfg, engine: e, grpc: grpc.NewServer(cfg.options()...), health: health.NewServer(),
		sources: newSources(cfg.Limits.SourceConnections, cfg.Logger),
	}
	if err := s.observe(cfg.MeterProvider); err != nil {
		return nil, errors.Join(fmt.Errorf("new server: metrics: %w", err), e.stop())
	}
	wire.RegisterSeatsServer(s.grpc, newService(cfg, e))
	grpc_health_v1.RegisterHealthServer(s.grpc, s.health)
	s.setHealth(grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	go func() {
		<-e.ended // after a fault; after Stop this changes nothing any more
		s.grpc.Stop()
	}()
	return s, nil
}

// Identity returns who this life of the server is.
func (s *Server) Identity() messages.Identity { return s.engine.identity }

// LicenseTime returns the time that licences are judged by: that of the wall clock, or the latest one that the ledger
// knows of when the clock was set back. So a licence that ran out stays so. A program that reads licence files judges
// them by it too. It may be called from any goroutine and does not block.
//
// A clock that went ahead by mistake is logged as a warning, and is believed: once it is set right, LicenseTime stands
// still until the time has come. Licences that expire before it then have to be issued anew, or the ledger is restored
// from a backup made before the mistake, which forgets the leases granted since.
func (s *Server) LicenseTime() time.Time { return s.engine.calendar.now() }

// Serve answers clients on a listener until Stop, and then returns nil, at once if Stop was first; it closes the
// listener. It may be called for several listeners, each from a goroutine of its own. The client timeout of leases from
// an earlier life begins with the first call.
//
// When the ledger fails the server ends by itself, since it can promise nothing any more: Serve then returns the error,
// and a new server has to be made. Without TLS a listener off loopback is refused, unless Config.InsecureRemote is set.
func (s *Server) Serve(listener net.Listener) error {
	if err := s.admit(listener.Addr()); err != nil {
		return errors.Join(err, listener.Close())
	}
	if !s.engine.draining.Load() {
		s.engine.open()
		s.setHealth(grpc_health_v1.HealthCheckResponse_SERVING)
	}
	s.cfg.Logger.Info("server serves", "address", listener.Addr().String(), identityGroup(s.Identity()),
		"client_timeout", s.cfg.ClientTimeout)
	if err := s.grpc.Serve(limitedListener{listener, s.sources}); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("serve %s: %w", listener.Addr(), err)
	}
	select {
	case <-s.engine.ended:
		return s.engine.failure
	default:
		return nil
	}
}

// admit refuses to serve without TLS where others could listen in.
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

// Drain makes the server answer every new request with Draining and when to come back, while what has been decided is
// still answered. The health service reports that it does not serve. It does not block, and there is no way back.
func (s *Server) Drain() {
	s.engine.drain()
	s.health.Shutdown()
}

// Stop ends the server: it drains, answers what is under way, closes all connections and then the ledger. When ctx ends
// first it cuts the connections; what was decided is in the ledger all the same. Afterwards a new server can be made on
// the ledger. It returns the fault that ended the server earlier, if any, or that of closing the ledger. It may be called
// again, and waits for the first call then.
//
// The handler of Config.Audit gets a second more than ctx to write what is left. One that hangs longer is given up, with an
// error; its goroutine ends when the handler returns.
func (s *Server) Stop(ctx context.Context) error {
	s.Drain()
	if ctx.Err() == nil {
		drained := context.AfterFunc(ctx, s.grpc.Stop)
		s.grpc.GracefulStop()
		drained()
	}
	s.grpc.Stop()
	s.engine.audit.limit(ctx)
	err := s.engine.stop()
	if s.unobserve != nil {
		err = errors.Join(err, s.unobserve())
	}
	s.cfg.Logger.Info("server stopped", identityGroup(s.Identity()))
	return err
}

// identityGroup returns the identity of the server for the log.
func identityGroup(id messages.Identity) slog.Attr {
	return slog.Group("identity", "server_id", id.ServerID, "boot_id", id.BootID, "epoch", id.Epoch)
}

// setHealth sets the status of the server as a whole and of its one service.
func (s *Server) setHealth(status grpc_health_v1.HealthCheckResponse_ServingStatus) {
	s.health.SetServingStatus("", status)
	s.health.SetServingStatus(wire.Seats_ServiceDesc.ServiceName, status)
}
