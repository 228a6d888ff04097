package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWhoeverSetsAFlagWrongIsToldWhichAndWhatToDo is an operator who does everything wrong once.
func TestWhoeverSetsAFlagWrongIsToldWhichAndWhatToDo(t *testing.T) {
	s := newSignedServer(t)
	other := filepath.Join(t.TempDir(), "other")
	require.Zero(t, runProgram(t, nil, "keygen", "--out", other).status)
	bound := vendor(t, boundTemplate)
	taken, token := s.ready.Address, s.file(tokenFile)
	shared := s.file("shared-token")
	text, err := os.ReadFile(token)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(shared, text, 0o644))
	for _, c := range []struct {
		args   []string
		status int
		says   []string
	}{
		{[]string{"--ledger", s.file("none/ledger")}, 2, []string{"--ledger " + s.file("none/ledger"), "the folder " + s.file("none") + " does not exist"}},
		{[]string{"--ledger", s.folder}, 2, []string{"--ledger " + s.folder, "is a folder"}},
		{[]string{"--ledger", s.file(authorityCert)}, 1, []string{s.file(authorityCert), "is no ledger", "it was left as it is"}},
		{nil, 1, []string{s.file("ledger"), "is in use by another server: process"}},
		{[]string{"--license", s.file("none")}, 1, []string{"--license: ", s.file("none"), "no such file"}},
		{[]string{"--license", s.folder}, 1, []string{"--license: ", s.folder + " has no file that ends in .lic"}},
		{[]string{"--license", s.file(serverCert)}, 1, []string{"--license: ", s.file(serverCert), "name the file that the vendor sent"}},
		{[]string{"--license", bound.license, "--trust", bound.public}, 1, []string{"--license: ", bound.license, "it is for server S1 and this is "}},
		{[]string{"--trust", s.vendor + ".secret"}, 1, []string{"--trust: ", s.vendor + ".secret", "it is the secret key"}},
		{[]string{"--trust", s.file("none")}, 1, []string{"--trust: ", s.file("none"), "no such file"}},
		{[]string{"--cert", s.file(serverKey), "--key", s.file(serverCert)}, 1, []string{"--cert, --key", s.file(serverKey), "may have been switched"}},
		{[]string{"--key", s.file(clientKey)}, 1, []string{"--cert, --key", s.file(clientKey), "does not match"}},
		{[]string{"--cert", s.file(clientCert), "--key", s.file(clientKey)}, 1, []string{s.file(clientCert), "is not a server certificate"}},
		{[]string{"--client-ca", s.file(serverKey)}, 1, []string{"--client-ca", s.file(serverKey), "it contains no certificate"}},
		{[]string{"--listen", taken}, 1, []string{"--listen " + taken, "choose another port"}},
		{[]string{"--listen", "127.0.0.1"}, 1, []string{"--listen 127.0.0.1", "must be HOST:PORT"}},
		{[]string{"--admin", s.ready.Admin}, 1, []string{"--admin " + s.ready.Admin, "choose another port"}},
		{[]string{"--admin-token", s.file("none/token")}, 1, []string{"--admin-token: ", s.file("none/token"), "no such file"}},
		{[]string{"--admin-token", s.file(serverKey)}, 1, []string{"--admin-token: ", s.file(serverKey), "does not contain a token"}},
		{[]string{"--admin-token", shared}, 1, []string{"--admin-token: ", shared, "other users can read it"}},
		{[]string{"--audit", s.folder}, 1, []string{"--audit: ", s.folder, "is a directory"}},
		{[]string{"--lisence", "x"}, 2, []string{"--lisence", `did you mean "--license"`}},
	} {
		ledger := []string{"--ledger", s.file("second")}
		if c.args == nil {
			ledger = nil
		}
		args := append(append(append([]string{"serve", "--admin", "127.0.0.1:0"}, s.flags()...), ledger...), c.args...)
		r := runProgram(t, nil, args...)
		assert.Equal(t, c.status, r.status, "%s: %s", c.args, r.errors)
		for _, want := range c.says {
			assert.Contains(t, r.errors, want, c.args)
		}
		assert.Empty(t, r.out, c.args)
	}
}

func TestServingWithoutTLSOnOtherAddressesHasToBeMeant(t *testing.T) {
	files := vendor(t, boundTemplate)
	r := runProgram(t, nil, "serve", "--insecure", "--listen", "0.0.0.0:0", "--admin", "off", "--ledger", filepath.Join(t.TempDir(), "ledger"),
		"--license", files.license, "--trust", files.public)
	assert.Equal(t, exitUsage, r.status)
	assert.Contains(t, r.errors, "--listen 0.0.0.0:0: other machines may not connect without TLS")
	assert.Contains(t, r.errors, "--insecure-remote")
}

func TestAWrongConfigurationFileAndEnvironmentAreNamed(t *testing.T) {
	file := configured(t, "ledgre: x\n")
	assert.Contains(t, runProgram(t, nil, "serve", "--config", file).errors, file+`: "ledgre" is not the name of a flag`)
	r := runProgram(t, []string{"SEATBEATD_CLIENT_WAITING=many"}, "serve", "--dev")
	assert.Equal(t, exitUsage, r.status)
	assert.Contains(t, r.errors, `SEATBEATD_CLIENT_WAITING="many"`)
	r = runProgram(t, []string{"SEATBEATD_LEDGRE=x", "SEATBEATD_PORT=tcp://10.0.0.1:6200", "SEATBEATD_SERVICE_HOST=10.0.0.1"}, "check", "--ledger", "none")
	assert.Contains(t, r.errors, "environment variable SEATBEATD_LEDGRE matches no flag")
	assert.NotContains(t, r.errors, "SEATBEATD_PORT")
	assert.NotContains(t, r.errors, "SEATBEATD_SERVICE_HOST")
	r = runProgram(t, []string{"SEATBEATD_CLIENT_WAITNG=9"}, "serve", "--unknown")
	assert.Equal(t, exitUsage, r.status)
	assert.Contains(t, r.errors, "environment variable SEATBEATD_CLIENT_WAITNG matches no flag", "also when the command line is wrong")
}

func TestTheTokenOfAnotherServerIsToldSo(t *testing.T) {
	one, other := t.TempDir(), t.TempDir()
	p := serveDev(t, one)
	serveDev(t, other)
	r := administer(t, p, other, "status")
	assert.Equal(t, 1, r.status)
	assert.Contains(t, r.errors, p.ready.Admin+" answered: the token is missing or wrong: use the token file of the server at this address")
	r = administer(t, p, filepath.Join(one, "none"), "status")
	assert.Contains(t, r.errors, "--admin-token: ")
	assert.Contains(t, r.errors, "no such file")
}
