package endtoend

import (
	"context"
	"crypto/tls"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
)

// licenseServer is a licence server in this process. It can be restarted at its address.
type licenseServer struct {
	t       testing.TB
	config  server.Config
	address string
	server  *server.Server // nil while it is stopped
	served  chan error
	client  *tls.Config // of benchmarks; the tests are without TLS
	ledger  string      // of benchmarks: the file of the ledger
}

// newServer starts a server with seats of the feature "cad".
func newServer(t *testing.T, seats int, clientTimeout time.Duration) *licenseServer {
	t.Helper()
	return serve(t, server.Config{
		Ledger:        &ledger.Memory{},
		Features:      []license.Feature{{Name: "cad", Version: messages.V(1, 0), Seats: seats}},
		ClientTimeout: clientTimeout,
		Insecure:      true,
	})
}

func serve(t testing.TB, config server.Config) *licenseServer {
	t.Helper()
	s := &licenseServer{t: t, address: "127.0.0.1:0", config: config}
	s.start()
	t.Cleanup(s.stop)
	return s
}

// start starts the server, at its earlier address if it had one.
func (s *licenseServer) start() {
	s.t.Helper()
	listener, err := net.Listen("tcp", s.address)
	require.NoError(s.t, err)
	s.address = listener.Addr().String()
	s.server, err = server.New(s.config)
	require.NoError(s.t, err)
	served := make(chan error, 1)
	s.served = served
	go func(srv *server.Server) { served <- srv.Serve(listener) }(s.server)
}

// stop stops the server at once and cuts its connections.
func (s *licenseServer) stop() {
	s.t.Helper()
	if s.server == nil {
		return
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	require.NoError(s.t, s.server.Stop(ended))
	require.NoError(s.t, <-s.served)
	s.server = nil
}

func (s *licenseServer) restart() {
	s.t.Helper()
	s.stop()
	s.start()
}

// used returns how many seats are held.
func (s *licenseServer) used() int {
	s.t.Helper()
	status, err := s.server.Status(s.t.Context())
	require.NoError(s.t, err)
	return status.Features[0].Used
}
