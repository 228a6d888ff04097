package server

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/seatbeat/seatbeat/transport/wire"
)

// Attacks that licence servers have fallen to, one test for each class of vulnerability. Here: messages of clients that the
// server lets in.

// The class of CVE-2018-20031, -20032 and -20034: a combination of messages that add, delete and decode items ends the
// heartbeats of other clients.
func TestNoCombinationOfMessagesStopsTheHeartbeatsOfOthers(t *testing.T) {
	underAttack(t, func(s *attackServer) {
		a := s.client("attacker")
		ids := [][]byte{s.take.GetRequest(), s.lease, randomID(), randomID(), randomID(), make([]byte, 16)}
		some := func() (packed []byte) {
			for range rand.IntN(4) {
				packed = append(packed, ids[rand.IntN(len(ids))]...)
			}
			return packed
		}
		for range 300 {
			var takes []*wire.Take
			for range 1 + rand.IntN(4) {
				takes = append(takes, &wire.Take{
					Request: ids[rand.IntN(len(ids))], Feature: "plenty", Major: 1, Count: rand.Uint32N(3), Replaces: some(),
				})
			}
			reply, err := a.seats.Checkout(t.Context(), &wire.CheckoutRequest{Caller: a.caller, Takes: takes})
			require.NoError(t, err)
			if lease := reply.GetOutcomes()[0].GetLease(); lease != nil {
				assert.NotEqual(t, s.lease, lease)
				ids[4] = lease
			}
			_, _ = a.seats.Heartbeat(t.Context(), &wire.HeartbeatRequest{Caller: a.caller, Leases: some()})
			_, _ = a.seats.Checkin(t.Context(), &wire.CheckinRequest{Caller: a.caller, Leases: some(), Requests: some()})
		}
	})
}

// The class of CVE-2021-20094, CVE-2017-11498 and CVE-2017-12820: one message with a missing or an additional part ends the
// program, and every seat with it.
func TestAMessageWithAnythingMissingStopsNobody(t *testing.T) {
	underAttack(t, func(s *attackServer) {
		a := s.client("attacker")
		caller, nested := marshalled(t, &wire.CheckinRequest{Caller: a.caller}), bytes.Repeat([]byte{0x0b}, 60_000) // groups
		for _, method := range []string{"Connect", "Checkout", "Heartbeat", "Checkin", "Nothing", ""} {
			for name, message := range map[string][]byte{
				"nothing": {}, "a caller": caller, "an empty caller": {0x0a, 0}, "an empty take": append(caller, 0x12, 0),
				"unknown fields": append(caller, 0xfa, 0x3f, 2, 1, 1), "a caller that is a number": {0x08, 1}, "nested": nested,
				"a field without an end": append(caller, 0x12), "a field that is no field": {0, 0, 0}, "half a number": {0x10, 0xff},
			} {
				_ = a.invoke(method, message)
				assert.True(t, s.beat(), "%s with %s", method, name)
			}
		}
	})
}

// The class of CVE-2011-4134, CVE-2005-0353 and CVE-2023-3935: a crafted packet overflows its buffer.
func TestCraftedMessagesAreReadWithinTheirBounds(t *testing.T) {
	underAttack(t, func(s *attackServer) {
		a := s.client("attacker")
		for method, message := range map[string]proto.Message{
			"Connect":   &wire.ConnectRequest{Instance: randomID(), Name: "name", User: "user", Host: "host", Share: "share"},
			"Checkout":  &wire.CheckoutRequest{Caller: a.caller, Takes: []*wire.Take{takeOfOne("plenty"), takeOfOne("plenty")}},
			"Heartbeat": &wire.HeartbeatRequest{Caller: a.caller, Leases: bytes.Repeat(s.lease, 3)},
			"Checkin":   &wire.CheckinRequest{Caller: a.caller, Leases: s.lease, Requests: s.take.GetRequest()},
		} {
			for range 300 {
				_ = a.invoke(method, crafted(marshalled(t, message)))
			}
		}
	})
}

// crafted changes a message in a few places.
func crafted(message []byte) []byte {
	for range 1 + rand.IntN(4) {
		at := rand.IntN(len(message) + 1)
		switch rest := bytes.Clone(message[at:]); rand.IntN(5) {
		case 0:
			message = append(message[:at], byte(rand.Uint32()))
			message = append(message, rest...)
		case 1:
			message = append(message[:at], append([]byte{0xff, 0xff, 0xff, 0xff, 0x0f}, rest...)...)
		case 2:
			message = append(message[:at], append(bytes.Repeat(rest, 3), rest...)...)
		case 3:
			message = message[:at]
		default:
			for i := range rest {
				message[at+i] ^= byte(1) << rand.IntN(8)
			}
		}
	}
	return message
}

// The class of CVE-2021-37500 and CVE-2018-15573: the server reads or writes a path in a request. And of CVE-2021-37498: it
// connects to an address in a request. And of CVE-2021-44153: it runs a program that a request names.
func TestNoTextOfARequestIsAPathAnAddressOrAProgram(t *testing.T) {
	underAttack(t, func(s *attackServer) {
		decoy, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		folder := filepath.Dir(s.ledger.Path())
		before, written := entries(t, folder), filepath.Join(t.TempDir(), "written")
		a := s.client("attacker")
		for _, text := range []string{
			written, "../written", "../../../../../../etc/passwd", `..\..\written`, "file://" + written, "ledger.db",
			"http://" + decoy.Addr().String() + "/", decoy.Addr().String(), "$(touch " + written + ")", "|touch " + written,
			"`touch " + written + "`", "${jndi:ldap://" + decoy.Addr().String() + "/a}", "'; DROP TABLE leases; --", "%s%n%x", "\x00",
		} {
			_, _ = a.seats.Connect(t.Context(), &wire.ConnectRequest{Instance: randomID(), Name: text, User: text, Host: text, Share: text})
			take := takeOfOne(text)
			assert.NotEqual(t, wire.Result_RESULT_GRANTED, a.checkout(take).GetResult(), text)
		}
		assert.Equal(t, before, entries(t, folder))
		assert.NoFileExists(t, written)
		mine, err := net.Dial("tcp", decoy.Addr().String())
		require.NoError(t, err)
		first, err := decoy.Accept()
		require.NoError(t, err)
		assert.Equal(t, mine.LocalAddr(), first.RemoteAddr(), "the server connected to where a client told it to")
		require.NoError(t, errors.Join(mine.Close(), first.Close()))
		require.NoError(t, decoy.Close())
	})
}

func entries(t *testing.T, folder string) (names []string) {
	t.Helper()
	all, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, e := range all {
		names = append(names, e.Name())
	}
	return names
}

// The class of CVE-2021-37499: text of a client becomes a line of its own, here in the log. And of CVE-2021-45422,
// CVE-2022-28363 and CVE-2018-15574: the text is run by whoever displays it.
func TestTextOfAClientIsNeitherALineOfTheLogNorEchoed(t *testing.T) {
	underAttack(t, func(s *attackServer) {
		a := s.client("attacker")
		for _, text := range []string{"x\nlevel=INFO msg=forged", "x\r\nforged: 1", "<script>forged</script>", "\x1b[2Jforged"} {
			_, err := a.seats.Connect(t.Context(), &wire.ConnectRequest{Instance: randomID()[1:], Name: text})
			assert.NotContains(t, err.Error(), "forged")
			assert.NotContains(t, a.checkout(takeOfOne(text)).String(), "forged")
			assert.NotContains(t, status.Convert(a.invoke("Checkin", []byte(text))).String(), "forged")
		}
		for line := range strings.Lines(s.log.String()) {
			assert.Regexp(t, `^time=\S+ level=\S+ msg=[^\x00-\x1f]+\n$`, line)
			assert.NotContains(t, line, "msg=forged")
		}
	})
}

// The class of CVE-2022-27511, CVE-2022-27512 and CVE-2021-44152: whoever reaches the port for clients can administer the
// server.
func TestThePortOfTheLicencesAdministersNothing(t *testing.T) {
	underAttack(t, func(s *attackServer) {
		var services []string
		for name := range s.server.grpc.GetServiceInfo() {
			services = append(services, name)
		}
		assert.ElementsMatch(t, []string{"seatbeat.v1.Seats", "grpc.health.v1.Health"}, services)
		a := s.client("attacker")
		for _, method := range []string{
			"/seatbeat.v1.Seats/Status", "/seatbeat.v1.Seats/Release", "/seatbeat.v1.Admin/Status", "/seatbeat.v1.Admin/Stop",
			"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "/grpc.channelz.v1.Channelz/GetServers",
		} {
			var reply []byte
			err := a.conn.Invoke(t.Context(), method, []byte{}, &reply, forceRaw)
			assert.Equal(t, codes.Unimplemented, status.Code(err), method)
		}
	})
}
