package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/proto"

	"github.com/seatbeat/seatbeat/internal/testcert"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger/bolt"
	"github.com/seatbeat/seatbeat/server/license"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// attackServer is a server with mutual TLS and a durable ledger. Its honest client sends heartbeats during the attack.
// Feature f has two seats, of which the honest client holds one; feature plenty is for attackers.
type attackServer struct {
	t         *testing.T
	authority *testcert.Authority
	ledger    *bolt.Ledger
	server    *Server
	address   string
	log       *syncBuffer

	honest attacker // who attacks nobody
	take   *wire.Take
	lease  []byte
}

// underAttack runs an attack, and claims that it did no harm: no heartbeat of the honest client failed, its lease is held,
// and a new client finds exactly one free seat.
func underAttack(t *testing.T, attack func(s *attackServer)) {
	s := newAttackServer(t)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for beating := true; beating; {
			select {
			case <-stop:
				beating = false // after one more heartbeat
			default:
			}
			beating = s.beat() && beating
		}
	}()
	attack(s)
	close(stop)
	<-stopped
	s.unharmed()
}

func newAttackServer(t *testing.T) *attackServer {
	s := &attackServer{t: t, authority: testcert.New(t), log: &syncBuffer{}, ledger: unsynced(boltPath(t))}
	s.server, s.address, _ = serve(t, Config{
		TLS: s.authority.Server(), Ledger: s.ledger,
		Logger: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Features: []license.Feature{
			{Name: "f", Version: messages.V(1, 0), Seats: 2}, {Name: "plenty", Version: messages.V(1, 0), Seats: 1_000_000},
		},
	})
	s.honest = s.client("honest")
	s.take = takeOfOne("f")
	s.lease = s.honest.granted(s.take)
	return s
}

// beat has the honest client send one heartbeat, and reports whether its lease is held.
func (s *attackServer) beat() bool {
	reply, err := s.honest.seats.Heartbeat(context.Background(), &wire.HeartbeatRequest{Caller: s.honest.caller, Leases: s.lease})
	return assert.NoError(s.t, err) && assert.Empty(s.t, reply.GetEnded())
}

func (s *attackServer) unharmed() {
	s.t.Helper()
	newcomer := s.client("newcomer")
	newcomer.granted(takeOfOne("f"))
	o := newcomer.checkout(takeOfOne("f"))
	assert.Equal(s.t, wire.Reason_REASON_NO_SEATS, o.GetReason())
	assert.True(s.t, s.beat())
	status, err := s.server.Status(s.t.Context())
	require.NoError(s.t, err)
	assert.Equal(s.t, 2, status.Features[0].Used)
}

// attacker is a client with a certificate of the server's authority and a session of its own.
type attacker struct {
	t      *testing.T
	conn   *grpc.ClientConn
	seats  wire.SeatsClient
	caller *wire.Caller
}

// client connects an instance under this name.
func (s *attackServer) client(name string) attacker {
	s.t.Helper()
	a := attacker{t: s.t, conn: dial(s.t, s.address, credentials.NewTLS(s.authority.Client(name, "")))}
	a.seats = wire.NewSeatsClient(a.conn)
	instance := randomID()
	reply, err := a.seats.Connect(s.t.Context(), &wire.ConnectRequest{Instance: instance})
	require.NoError(s.t, err)
	a.caller = &wire.Caller{Instance: instance, Session: reply.GetSession()}
	return a
}

func (a attacker) checkout(take *wire.Take) *wire.Outcome {
	a.t.Helper()
	reply, err := a.seats.Checkout(a.t.Context(), a.asksFor(take))
	require.NoError(a.t, err)
	return reply.GetOutcomes()[0]
}

func (a attacker) asksFor(take *wire.Take) *wire.CheckoutRequest {
	return &wire.CheckoutRequest{Caller: a.caller, Takes: []*wire.Take{take}}
}

func (a attacker) granted(take *wire.Take) (lease []byte) {
	a.t.Helper()
	o := a.checkout(take)
	require.Equal(a.t, wire.Result_RESULT_GRANTED, o.GetResult(), "%v", o)
	return o.GetLease()
}

// invoke calls a method of Seats with any bytes as its message.
func (a attacker) invoke(method string, message []byte, options ...grpc.CallOption) error {
	var reply []byte
	return a.conn.Invoke(a.t.Context(), "/seatbeat.v1.Seats/"+method, message, &reply, append(options, grpc.ForceCodec(rawCodec{}))...)
}

func takeOfOne(feature string) *wire.Take {
	return &wire.Take{Request: randomID(), Feature: feature, Major: 1, Count: 1}
}

func randomID() []byte {
	id := make([]byte, wire.IDLength)
	_, _ = rand.Read(id)
	return id
}

func marshalled(tb testing.TB, m proto.Message) []byte {
	tb.Helper()
	b, err := proto.Marshal(m)
	require.NoError(tb, err)
	return b
}

// rawCodec sends and receives bytes unchanged.
type rawCodec struct{}

func (rawCodec) Name() string                       { return "proto" }
func (rawCodec) Marshal(v any) ([]byte, error)      { return v.([]byte), nil }
func (rawCodec) Unmarshal(data []byte, v any) error { *v.(*[]byte) = data; return nil }

// tcp opens a connection and sends nothing.
func (s *attackServer) tcp() *net.TCPConn {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.address)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = conn.Close() })
	require.NoError(s.t, conn.SetDeadline(time.Now().Add(time.Minute))) // a defect ends the test instead of blocking it
	return conn.(*net.TCPConn)
}

// stream is a connection of which one direction can be ended.
type stream interface {
	io.ReadWriter
	CloseWrite() error
}

// exchange sends bytes, claims that the server then closes the connection, and returns what the server sent.
func (s *attackServer) exchange(conn stream, sent string) (said string) {
	s.t.Helper()
	var read sync.WaitGroup
	read.Go(func() { said = s.drain(conn) }) // concurrently, since neither side may wait for the other for ever
	s.write(conn, sent)
	_ = conn.CloseWrite() // the server may have closed it already
	read.Wait()
	return said
}

func (s *attackServer) drain(conn io.Reader) string {
	said, err := io.ReadAll(conn)
	timeout, ok := errors.AsType[net.Error](err)
	assert.False(s.t, ok && timeout.Timeout(), "the server keeps the connection")
	return string(said)
}

// write sends bytes; the server may have closed the connection already.
func (s *attackServer) write(conn io.Writer, text string) { _, _ = conn.Write([]byte(text)) }

// syncBuffer is a buffer for a log.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
