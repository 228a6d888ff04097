package main

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"github.com/seatbeat/seatbeat/transport/wire"
)

func TestAReloadAddsAndRemovesSeats(t *testing.T) {
	s := newSignedServer(t)
	c := connect(t, s.process, s.folder)
	require.Equal(t, wire.Result_RESULT_GRANTED, c.takes("f1", 2).Result)
	require.Equal(t, wire.Reason_REASON_NO_SEATS, c.takes("f1", 1).Reason)

	s.signs("more.lic", s.vendor, "more", 3)
	assert.Contains(t, s.reloads(), `msg="licences reloaded"`)
	lease := c.takes("f1", 3).Lease
	require.NotEmpty(t, lease, "seats of the second licence")

	require.NoError(t, os.Remove(s.licence("more.lic")))
	assert.Contains(t, s.reloads(), `msg="licences reloaded"`)
	beat, err := c.seats.Heartbeat(t.Context(), &wire.HeartbeatRequest{Caller: c.caller, Leases: lease})
	require.NoError(t, err)
	assert.Empty(t, beat.Ended, "a reload ends no lease")
	_, err = c.seats.Checkin(t.Context(), &wire.CheckinRequest{Caller: c.caller, Leases: lease})
	require.NoError(t, err)
	assert.Equal(t, wire.Reason_REASON_NO_SEATS, c.takes("f1", 1).Reason, "2 of 2 are in use")
}

func TestAReloadNamesTheRefusedFileAndKeepsThePreviousLicences(t *testing.T) {
	s := newSignedServer(t)
	s.signs("more.lic", s.vendor, "more", 3)
	contents := s.contents("more.lic")
	whole, err := os.ReadFile(s.licence("more.lic"))
	require.NoError(t, err)
	require.NoError(t, os.Remove(s.licence("more.lic")))
	other := filepath.Join(t.TempDir(), "other")
	require.Zero(t, runProgram(t, nil, "keygen", "--out", other).status)
	for reason, put := range map[string]func(){
		"altered": func() {
			text := []byte(whole)
			text[40] ^= 1
			require.NoError(t, os.WriteFile(s.licence("bad.lic"), text, 0o600))
		},
		"wrong key":     func() { s.signs("bad.lic", other, "more", 3) },
		"unknown field": func() { s.signsText("bad.lic", strings.Replace(contents, "{", `{"colour":"red",`, 1)) },
		"other server":  func() { s.signsText("bad.lic", strings.Replace(contents, "{", `{"server":"S2",`, 1)) },
	} {
		put()
		log := s.reloads()
		assert.Contains(t, log, "licences not reloaded: the previous ones stay in force", reason)
		assert.Contains(t, log, s.licence("bad.lic")+" refused: "+reason+": ")
		require.NoError(t, os.Remove(s.licence("bad.lic")))
	}
	c := connect(t, s.process, s.folder)
	assert.Equal(t, wire.Result_RESULT_GRANTED, c.takes("f1", 2).Result)
	assert.Equal(t, wire.Reason_REASON_NO_SEATS, c.takes("f1", 1).Reason)
}

// servedSerial returns the serial number of the certificate that the server presents.
func (s *signedServer) servedSerial() string {
	s.t.Helper()
	conn, err := tls.Dial("tcp", s.ready.Address, clientTLS(s.t, s.folder))
	require.NoError(s.t, err)
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.String()
}

func TestANewCertificateIsServedWithoutARestart(t *testing.T) {
	s := newSignedServer(t)
	c := connect(t, s.process, s.folder)
	lease := c.takes("f1", 1).Lease
	before := s.servedSerial()
	for _, name := range []string{serverCert, serverKey} {
		require.NoError(t, os.Remove(s.file(name)))
	}
	require.Zero(t, runProgram(t, nil, "certs", "--out", s.folder, "--server", "127.0.0.1").status)
	assert.Equal(t, before, s.servedSerial(), "before the reload")
	assert.Contains(t, s.reloads(), `msg="certificates reloaded"`)
	assert.NotEqual(t, before, s.servedSerial())
	beat, err := c.seats.Heartbeat(t.Context(), &wire.HeartbeatRequest{Caller: c.caller, Leases: lease})
	require.NoError(t, err, "existing connections stay")
	assert.Empty(t, beat.Ended)
}

func TestClientsOfARemovedAuthorityAreRefused(t *testing.T) {
	s := newSignedServer(t)
	connect(t, s.process, s.folder)
	old := clientTLS(t, s.folder)
	fresh := t.TempDir()
	s.certs(fresh)
	text, err := os.ReadFile(filepath.Join(fresh, authorityCert))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(s.file(authorityCert), text, 0o600))
	s.reloads()

	hello := func(config *tls.Config) error {
		conn, err := grpc.NewClient(s.ready.Address, grpc.WithTransportCredentials(credentials.NewTLS(config)))
		require.NoError(t, err)
		defer conn.Close()
		_, err = wire.NewSeatsClient(conn).Connect(t.Context(), &wire.ConnectRequest{Instance: random()})
		return err
	}
	assert.Equal(t, codes.Unavailable, status.Code(hello(old)))
	admitted := clientTLS(t, fresh)
	admitted.RootCAs = old.RootCAs // the server still presents its old certificate
	assert.NoError(t, hello(admitted))
}
