package server

import (
	"crypto/ecdsa"
	"crypto/tls"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/proto"

	"github.com/seatbeat/seatbeat/internal/testcert"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// Attacks that licence servers have fallen to: clients that claim to be another client, or that must not be let in.

// The class of CVE-2020-14519 and -14515: the server does not check whose message it is. Only its holder can renew,
// return, repeat or replace a lease, whatever others know about it.
func TestALeaseIsOfNoUseToAnotherClient(t *testing.T) {
	underAttack(t, func(s *attackServer) {
		lease, request := s.lease, s.take.GetRequest()
		for name, a := range map[string]attacker{"another identity": s.client("attacker"), "another instance": s.client("honest")} {
			reply, err := a.seats.Heartbeat(t.Context(), &wire.HeartbeatRequest{Caller: a.caller, Leases: lease})
			require.NoError(t, err)
			assert.Equal(t, lease, reply.GetEnded(), name)
			assert.Equal(t, []byte{byte(wire.Reason_REASON_UNKNOWN)}, reply.GetReasons(), name)
			_, err = a.seats.Checkin(t.Context(), &wire.CheckinRequest{Caller: a.caller, Leases: lease, Requests: request})
			require.NoError(t, err)
			assert.True(t, s.beat(), "%s returned it", name)
			assert.NotEqual(t, lease, a.checkout(s.take).GetLease(), "%s repeated its request", name)
			replacing := takeOfOne("plenty")
			replacing.Replaces = request
			a.granted(replacing)
			assert.True(t, s.beat(), "%s replaced it", name)
		}
	})
}

// The class of CVE-2021-44151: the number of a session is short enough to be guessed, and nothing else is needed.
func TestAGuessedSessionIsOfNoUse(t *testing.T) {
	underAttack(t, func(s *attackServer) {
		a, mine := s.client("attacker"), s.honest.caller.GetSession()
		_, err := a.seats.Connect(t.Context(), &wire.ConnectRequest{Instance: s.honest.caller.GetInstance()})
		assert.Equal(t, wire.Reason_REASON_DENIED, refusalIn(err).GetReason())
		for _, session := range []uint64{1, mine - 1, mine, mine + 1, mine + 2, mine + 1<<32, 1 << 62, 1<<64 - 1} {
			caller := &wire.Caller{Instance: s.honest.caller.GetInstance(), Session: session}
			for _, err := range []error{
				second(a.seats.Heartbeat(t.Context(), &wire.HeartbeatRequest{Caller: caller, Leases: s.lease})),
				second(a.seats.Checkin(t.Context(), &wire.CheckinRequest{Caller: caller, Leases: s.lease})),
				second(a.seats.Checkout(t.Context(), &wire.CheckoutRequest{Caller: caller, Takes: []*wire.Take{s.take}})),
			} {
				r := refusalIn(err)
				require.NotNil(t, r, "session %d: %v", session, err)
				assert.Contains(t, []wire.Reason{wire.Reason_REASON_DENIED, wire.Reason_REASON_MALFORMED}, r.GetReason())
			}
		}
	})
}

// The same class, for leases: the number of a slot can be guessed, but the rest of the id cannot, and all of it is checked.
func TestALeaseIsNamedByEveryBitOfItsID(t *testing.T) {
	underAttack(t, func(s *attackServer) {
		for bit := range 8 * len(s.lease) {
			guess := append([]byte(nil), s.lease...)
			guess[bit/8] ^= 1 << (bit % 8)
			caller := s.honest.caller
			reply, err := s.honest.seats.Heartbeat(t.Context(), &wire.HeartbeatRequest{Caller: caller, Leases: guess})
			require.NoError(t, err)
			assert.Equal(t, guess, reply.GetEnded())
			_, err = s.honest.seats.Checkin(t.Context(), &wire.CheckinRequest{Caller: caller, Leases: guess})
			require.NoError(t, err)
		}
	})
}

// The class of CVE-2021-44155: answers that differ tell who or what exists.
func TestAnswersDoNotTellWhatOthersHold(t *testing.T) {
	underAttack(t, func(s *attackServer) {
		a := s.client("attacker")
		answers := func(lease, request []byte) (all []proto.Message) {
			beat, err := a.seats.Heartbeat(t.Context(), &wire.HeartbeatRequest{Caller: a.caller, Leases: lease})
			require.NoError(t, err)
			assert.Equal(t, lease, beat.GetEnded())
			beat.Ended = nil
			returned, err := a.seats.Checkin(t.Context(), &wire.CheckinRequest{Caller: a.caller, Leases: lease, Requests: request})
			require.NoError(t, err)
			take := takeOfOne("f")
			take.Count, take.Replaces = 2, request
			return append(all, beat, returned, a.checkout(take))
		}
		theirs, nobodys := answers(s.lease, s.take.GetRequest()), answers(randomID(), randomID())
		for i := range theirs {
			assert.True(t, proto.Equal(theirs[i], nobodys[i]), "%v\n%v", theirs[i], nobodys[i])
		}
		assert.NotContains(t, theirs[2].(*wire.Outcome).GetMessage(), "honest", "a refusal names who holds the seats")
	})
}

// A recorded message is sent again, by its sender or by another client: it is not executed twice.
func TestAMessageThatIsReplayedIsNotExecutedAgain(t *testing.T) {
	underAttack(t, func(s *attackServer) {
		victim := s.client("victim")
		take := takeOfOne("f")
		recorded := &wire.CheckoutRequest{Caller: victim.caller, Takes: []*wire.Take{take}}
		lease := victim.granted(take)
		_, err := victim.seats.Checkin(t.Context(), &wire.CheckinRequest{Caller: victim.caller, Leases: lease})
		require.NoError(t, err)
		for range 3 {
			reply, err := victim.seats.Checkout(t.Context(), recorded)
			require.NoError(t, err)
			assert.Equal(t, wire.Result_RESULT_GONE, reply.GetOutcomes()[0].GetResult())
			_, err = s.client("attacker").seats.Checkout(t.Context(), recorded)
			assert.Equal(t, wire.Reason_REASON_DENIED, refusalIn(err).GetReason())
		}
	})
}

// The class of CVE-2020-14517: encryption that can be downgraded, or that authenticates nobody.
func TestOnlyClientsWithACertificateOfTheAuthorityAreLetIn(t *testing.T) {
	underAttack(t, func(s *attackServer) {
		good := func() *tls.Config { return s.authority.Client("attacker", "") }
		old := good()
		old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS12
		none := good()
		none.Certificates = nil
		stranger := testcert.New(t).Client("honest", "")
		stranger.RootCAs = s.authority.Pool()
		aServer := s.authority.Server()
		aServer.RootCAs, aServer.ServerName = s.authority.Pool(), "localhost"
		for name, config := range map[string]*tls.Config{
			"TLS before 1.3": old, "no certificate": none, "another authority": stranger, "the certificate of a server": aServer,
		} {
			seats := wire.NewSeatsClient(dial(t, s.address, credentials.NewTLS(config)))
			_, err := seats.Connect(t.Context(), &wire.ConnectRequest{Instance: randomID()})
			require.Error(t, err, name)
			assert.Nil(t, refusalIn(err), "%s: it was answered", name)
		}
		status, err := s.server.Status(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 1, status.Clients)
	})
}

// The class of CVE-2017-11496: a malformed ASN.1 structure overflows its parser. Here it is the certificate, which is parsed
// before the client is authenticated.
func TestAMalformedCertificateCostsItsConnection(t *testing.T) {
	underAttack(t, func(s *attackServer) {
		honest := s.authority.Client("attacker", "").Certificates[0]
		for length := range 40 {
			der := crafted(append([]byte(nil), honest.Certificate[0]...))
			if length < 20 {
				der = honest.Certificate[0][:length*len(honest.Certificate[0])/20]
			}
			config := &tls.Config{RootCAs: s.authority.Pool(), ServerName: "localhost", NextProtos: []string{"h2"}}
			config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: honest.PrivateKey.(*ecdsa.PrivateKey)}, nil
			}
			conn := tls.Client(s.tcp(), config)
			_ = conn.HandshakeContext(t.Context()) // with TLS 1.3 the handshake ends before the server has read the certificate
			assert.NotContains(t, s.exchange(conn, ""), "\x00\x00\x00\x04\x00", "the server spoke HTTP/2")
		}
	})
}

func second[T any](_ T, err error) error { return err }
