package grpctransport_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/testcert"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
)

func TestSeatsAreGrantedBeatenAndReturned(t *testing.T) {
	s := newSecureHarness(t)
	session := s.connect()
	assert.Equal(t, s.server.Identity(), session.Hello().Identity)
	assert.Equal(t, 5*time.Minute, session.Hello().ClientTimeout)

	granted := checkout(t, session, takeOf("f", 10))
	require.Equal(t, transport.Granted, granted.Result)
	assert.Equal(t, messages.V(1, 0), granted.Version)
	assert.Equal(t, messages.NoSeats, checkout(t, session, takeOf("f", 1)).Reason)

	beat, err := session.Heartbeat(soon(t), []messages.LeaseID{granted.Lease})
	require.NoError(t, err)
	assert.Empty(t, beat.Ended)

	_, err = session.Checkin(soon(t), []transport.Return{{Lease: granted.Lease}})
	require.NoError(t, err)
	beat, err = session.Heartbeat(soon(t), []messages.LeaseID{granted.Lease})
	require.NoError(t, err)
	assert.Equal(t, []transport.Ended{{Lease: granted.Lease, Reason: messages.Returned}}, beat.Ended)
}

func TestLeasesAreResumedInTheSameSessionAfterARestart(t *testing.T) {
	s := newSecureHarness(t)
	session := s.connect()
	take := takeOf("f", 3)
	granted := checkout(t, session, take)
	before := session.Hello().Identity

	s.restart()
	var beat transport.HeartbeatReply
	require.Eventually(t, func() bool {
		var err error
		beat, err = session.Heartbeat(soon(t), []messages.LeaseID{granted.Lease})
		return err == nil
	}, 10*time.Second, 10*time.Millisecond)
	assert.Empty(t, beat.Ended)
	assert.Equal(t, before.ServerID, beat.Identity.ServerID)
	assert.NotEqual(t, before.BootID, beat.Identity.BootID)
	assert.Equal(t, before.Epoch+1, beat.Identity.Epoch)
	assert.Equal(t, granted, checkout(t, session, take), "a repeat gets the same grant")
}

func TestCallsOfASupersededSessionAreNotReached(t *testing.T) {
	s := newHarness(t)
	client := transport.Client{Instance: id()}
	older := s.connectAs(client)
	newer := s.connectAs(client)

	_, err := older.Heartbeat(soon(t), nil)
	require.Error(t, err)
	assert.Nil(t, transport.AsRefusal(err))
	_, err = newer.Heartbeat(soon(t), nil)
	assert.NoError(t, err)
}

func TestATransportIsAClientWhereNoneIsNamed(t *testing.T) {
	s := newHarness(t)
	one, err := grpctransport.New(s.client).Connect(soon(t), s.address)
	require.NoError(t, err)
	defer one.Close()
	another, err := grpctransport.New(s.client).Connect(soon(t), s.address)
	require.NoError(t, err)
	defer another.Close()
	_, err = one.Heartbeat(soon(t), nil)
	assert.NoError(t, err, "it is superseded by another transport")
}

func TestALiveInstanceIsDeniedToAnotherCertificate(t *testing.T) {
	authority := testcert.New(t)
	s := startHarness(t, server.Config{TLS: authority.Server()}, grpctransport.Config{TLS: authority.Client("c1", "")})
	client := transport.Client{Instance: id()}
	s.connectAs(client)

	s.client.TLS = authority.Client("c2", "")
	_, err := grpctransport.New(s.client).Connect(transport.WithClient(soon(t), client), s.address)
	refusal := transport.AsRefusal(err)
	require.NotNil(t, refusal, "%v", err)
	assert.Equal(t, messages.Denied, refusal.Reason)
	assert.Zero(t, refusal.RetryAfter)
	assert.Equal(t, s.server.Identity(), refusal.Hello.Identity)
}

func TestAClientWithoutCertificateIsNotServed(t *testing.T) {
	s := newSecureHarness(t)
	s.client.TLS.Certificates = nil
	_, err := grpctransport.New(s.client).Connect(soon(t), s.address)
	require.Error(t, err)
	assert.Nil(t, transport.AsRefusal(err))
}

func TestAStrangeServerIsNotReached(t *testing.T) {
	s := newSecureHarness(t)
	s.client.TLS.RootCAs = testcert.New(t).Pool()
	_, err := grpctransport.New(s.client).Connect(soon(t), s.address)
	require.Error(t, err)
	assert.Nil(t, transport.AsRefusal(err))
}

func TestAFaultyConfigurationIsReportedByConnect(t *testing.T) {
	faulty := grpctransport.New(grpctransport.Config{
		Insecure: true, TLS: testcert.New(t).Client("c", ""), Keepalive: time.Second, KeepaliveTimeout: time.Millisecond,
	})
	_, err := faulty.Connect(soon(t), "127.0.0.1:1")
	for _, field := range []string{"Insecure", "Keepalive", "KeepaliveTimeout"} {
		assert.ErrorContains(t, err, field+" is ")
	}
}

func TestAForgottenUnitIsAFaultOfEveryDuration(t *testing.T) {
	err := grpctransport.Config{Keepalive: 60, KeepaliveTimeout: 15}.Validate()
	assert.ErrorContains(t, err, "Keepalive is 60ns: must be at least 30s, or negative for none; did you mean 1m0s?")
	assert.ErrorContains(t, err, "KeepaliveTimeout is 15ns: must be at least 1s; did you mean 15s?")
	assert.NotContains(t, grpctransport.Config{Keepalive: time.Second}.Validate().Error(), "mean")
}

func TestANilContextIsAnErrorOfConnect(t *testing.T) {
	var none context.Context
	_, err := grpctransport.New(grpctransport.Config{}).Connect(none, "lic1:1")
	assert.ErrorContains(t, err, "context is nil")
}

func TestAnAddressWithoutPortIsAnError(t *testing.T) {
	_, err := grpctransport.New(grpctransport.Config{}).Connect(soon(t), "lic1")
	assert.ErrorContains(t, err, "host:port")
}

func TestAServerThatIsDownFailsAtOnce(t *testing.T) {
	s := newHarness(t)
	s.stop()
	begin := time.Now()
	_, err := grpctransport.New(s.client).Connect(soon(t), s.address)
	require.Error(t, err)
	assert.Nil(t, transport.AsRefusal(err))
	assert.Less(t, time.Since(begin), 5*time.Second)
}

func TestASilentServerIsGivenUpWhenTheContextEnds(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // accepts in the kernel, answers nothing
	require.NoError(t, err)
	defer listener.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = grpctransport.New(grpctransport.Config{}).Connect(ctx, transport.Address(listener.Addr().String()))
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestCallsAfterCloseAreNotReached(t *testing.T) {
	s := newHarness(t)
	session := s.connect()
	require.NoError(t, session.Close())
	require.NoError(t, session.Close())
	_, err := session.Heartbeat(soon(t), nil)
	require.Error(t, err)
	assert.Nil(t, transport.AsRefusal(err))
}

func TestADrainingServerSaysWhenToComeBack(t *testing.T) {
	s := newHarness(t)
	session := s.connect()
	s.server.Drain()
	_, err := session.Heartbeat(soon(t), nil)
	refusal := transport.AsRefusal(err)
	require.NotNil(t, refusal, "%v", err)
	assert.Equal(t, messages.Draining, refusal.Reason)
	assert.Equal(t, time.Second, refusal.RetryAfter)
	assert.Equal(t, session.Hello(), refusal.Hello)
}

func TestACheckoutTooLongForOneMessageIsSentInParts(t *testing.T) {
	s := newHarness(t)
	session := s.connect()
	takes := make([]transport.Take, transport.MaxBatch)
	for i := range takes {
		takes[i] = takeOf("f", 1)
		for range transport.MaxReplaces {
			takes[i].Replaces = append(takes[i].Replaces, id())
		}
	}
	reply, err := session.Checkout(soon(t), takes)
	require.NoError(t, err)
	require.Len(t, reply.Outcomes, len(takes))
	for i, o := range reply.Outcomes {
		assert.Equal(t, takes[i].Request, o.Request)
		assert.Equal(t, i < 10, o.Result == transport.Granted, "take %d", i)
	}
}
