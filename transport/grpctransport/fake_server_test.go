package grpctransport

import (
	"bytes"
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// fakeSeats is a server whose answers are functions of the test.
type fakeSeats struct {
	wire.UnimplementedSeatsServer
	hello     *wire.Hello
	heartbeat func() (*wire.HeartbeatReply, error)
	checkout  func(*wire.CheckoutRequest) *wire.CheckoutReply
	checkin   func() *wire.CheckinReply
}

func (f *fakeSeats) Connect(context.Context, *wire.ConnectRequest) (*wire.ConnectReply, error) {
	return &wire.ConnectReply{Hello: f.hello, Session: 1}, nil
}

func (f *fakeSeats) Heartbeat(context.Context, *wire.HeartbeatRequest) (*wire.HeartbeatReply, error) {
	return f.heartbeat()
}

func (f *fakeSeats) Checkout(_ context.Context, req *wire.CheckoutRequest) (*wire.CheckoutReply, error) {
	return f.checkout(req), nil
}

func (f *fakeSeats) Checkin(context.Context, *wire.CheckinRequest) (*wire.CheckinReply, error) {
	return f.checkin(), nil
}

// connect serves the fake and opens a session with it.
func (f *fakeSeats) connect(t *testing.T) (transport.Session, error) {
	t.Helper()
	return f.connectAs(t.Context(), t)
}

// connectAs serves the fake and opens a session, with ctx.
func (f *fakeSeats) connectAs(ctx context.Context, t *testing.T) (transport.Session, error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := grpc.NewServer()
	wire.RegisterSeatsServer(s, f)
	go func() { _ = s.Serve(listener) }()
	t.Cleanup(s.Stop)
	session, err := New(Config{Insecure: true}).Connect(ctx, transport.Address(listener.Addr().String()))
	if err == nil {
		t.Cleanup(func() { _ = session.Close() })
	}
	return session, err
}

// connected opens a session, which must succeed.
func (f *fakeSeats) connected(t *testing.T) transport.Session {
	t.Helper()
	f.hello = goodHello
	session, err := f.connect(t)
	require.NoError(t, err)
	return session
}

// notReached asserts that an error means that the server was not reached.
func notReached(t *testing.T, err error, because string) {
	t.Helper()
	assert.ErrorContains(t, err, because)
	assert.Nil(t, transport.AsRefusal(err))
}

func TestAServerThatDoesNotSayWhoItIsIsNotReached(t *testing.T) {
	session, err := (&fakeSeats{hello: &wire.Hello{}}).connect(t)
	notReached(t, err, "no valid identity")
	assert.Nil(t, session)

	f := &fakeSeats{
		heartbeat: func() (*wire.HeartbeatReply, error) { return &wire.HeartbeatReply{}, nil },
		checkout:  func(*wire.CheckoutRequest) *wire.CheckoutReply { return &wire.CheckoutReply{} },
		checkin:   func() *wire.CheckinReply { return &wire.CheckinReply{} },
	}
	session = f.connected(t)
	_, err = session.Heartbeat(t.Context(), nil)
	notReached(t, err, "no valid identity")
	_, err = session.Checkout(t.Context(), make([]transport.Take, 1))
	notReached(t, err, "no valid identity")
	_, err = session.Checkin(t.Context(), make([]transport.Return, 1))
	notReached(t, err, "no valid identity")
}

func TestACodeWithoutARefusalIsNoAnswer(t *testing.T) {
	var code codes.Code
	f := &fakeSeats{heartbeat: func() (*wire.HeartbeatReply, error) { return nil, status.Error(code, "no words") }}
	session := f.connected(t)
	for code = codes.Canceled; code <= codes.Unauthenticated; code++ {
		_, err := session.Heartbeat(t.Context(), nil)
		notReached(t, err, "heartbeat 127.0.0.1")
	}
}

func TestAMalformedRefusalIsNoAnswer(t *testing.T) {
	f := &fakeSeats{heartbeat: func() (*wire.HeartbeatReply, error) {
		st, err := status.New(codes.Unavailable, "").WithDetails(&wire.Refusal{Reason: 99})
		require.NoError(t, err)
		return nil, st.Err()
	}}
	_, err := f.connected(t).Heartbeat(t.Context(), nil)
	notReached(t, err, "malformed reply")
}

func TestAServerThatChangesBetweenTwoPartsOfACheckoutIsNotReached(t *testing.T) {
	calls := 0
	f := &fakeSeats{checkout: func(req *wire.CheckoutRequest) *wire.CheckoutReply {
		calls++
		reply := &wire.CheckoutReply{Hello: goodHello}
		if calls > 1 {
			reply.Hello = &wire.Hello{ServerId: "S1", BootId: "B2", Epoch: 2, ClientTimeoutMs: 1}
		}
		for range req.GetTakes() {
			reply.Outcomes = append(reply.Outcomes, &wire.Outcome{
				Result: wire.Result_RESULT_GONE, Reason: wire.Reason_REASON_EXPIRED,
			})
		}
		return reply
	}}
	takes := make([]transport.Take, transport.MaxBatch)
	for i := range takes {
		takes[i] = largestTake()
	}
	_, err := f.connected(t).Checkout(t.Context(), takes)
	notReached(t, err, "server changed")
	assert.Equal(t, 2, calls, "no further part is sent")
}

func TestHintsAreHandedOn(t *testing.T) {
	f := &fakeSeats{heartbeat: func() (*wire.HeartbeatReply, error) {
		return &wire.HeartbeatReply{Hello: goodHello, NotBeforeMs: 90_000}, nil
	}}
	reply, err := f.connected(t).Heartbeat(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, 90*time.Second, reply.NotBefore)
}

func TestALocalGrantNeedsNoLease(t *testing.T) {
	f := &fakeSeats{checkout: func(*wire.CheckoutRequest) *wire.CheckoutReply {
		local := &wire.Outcome{Result: wire.Result_RESULT_GRANTED, Local: true, Minor: 5}
		return &wire.CheckoutReply{Hello: goodHello, Outcomes: []*wire.Outcome{local}}
	}}
	reply, err := f.connected(t).Checkout(t.Context(), make([]transport.Take, 1))
	require.NoError(t, err)
	assert.Equal(t, []transport.Outcome{{Result: transport.Granted, Local: true, Version: messages.V(0, 5)}}, reply.Outcomes)
}

func TestAGrantFromTheOverdraftIsMarked(t *testing.T) {
	f := &fakeSeats{checkout: func(*wire.CheckoutRequest) *wire.CheckoutReply {
		past := &wire.Outcome{Result: wire.Result_RESULT_GRANTED, Lease: bytes.Repeat([]byte{1}, 16), Overdraft: true}
		return &wire.CheckoutReply{Hello: goodHello, Outcomes: []*wire.Outcome{past}}
	}}
	reply, err := f.connected(t).Checkout(t.Context(), make([]transport.Take, 1))
	require.NoError(t, err)
	assert.True(t, reply.Outcomes[0].Overdraft)
}

func TestEachCheckoutRepeatsTheClaimsOfConnect(t *testing.T) {
	var got *wire.CheckoutRequest
	f := &fakeSeats{hello: goodHello, checkout: func(req *wire.CheckoutRequest) *wire.CheckoutReply {
		got = req
		return &wire.CheckoutReply{Hello: goodHello}
	}}
	session, err := f.connectAs(transport.WithClient(t.Context(), transport.Client{User: "ann", Host: "build7", Share: "team"}), t)
	require.NoError(t, err)
	_, _ = session.Checkout(t.Context(), make([]transport.Take, 1))
	assert.Equal(t, []string{"ann", "build7", "team"}, []string{got.GetUser(), got.GetHost(), got.GetShare()})
}

func TestCallsOutOfBoundsAreNotSent(t *testing.T) {
	session := (&fakeSeats{}).connected(t) // which would panic
	_, err := session.Heartbeat(t.Context(), make([]messages.LeaseID, transport.MaxLeases+1))
	notReached(t, err, "4097 leases")
	for _, n := range []int{0, transport.MaxBatch + 1} {
		_, err = session.Checkout(t.Context(), make([]transport.Take, n))
		notReached(t, err, "takes in one call")
		_, err = session.Checkin(t.Context(), make([]transport.Return, n))
		notReached(t, err, "returns in one call")
	}
}

func TestTheErrorOfACallThatWasCancelledIsTheContexts(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	f := &fakeSeats{heartbeat: func() (*wire.HeartbeatReply, error) {
		<-hang
		return nil, nil
	}}
	session := f.connected(t)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	_, err := session.Heartbeat(ctx, nil)
	assert.ErrorIs(t, err, context.Canceled)
	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = session.Heartbeat(ctx, nil)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}
