package main

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/transport/wire"
)

func TestDevServesTheDemoLicence(t *testing.T) {
	folder := t.TempDir()
	c := connect(t, serveDev(t, folder), folder)
	assert.Equal(t, wire.Result_RESULT_GRANTED, c.takes("f1", 5).Result)
	assert.Equal(t, wire.Result_RESULT_GRANTED, c.takes("f2", 100).Result)
	assert.Equal(t, wire.Reason_REASON_NO_SEATS, c.takes("f1", 1).Reason)
}

func TestDevSaysThatItIsForDevelopmentAndWhatToTry(t *testing.T) {
	folder := t.TempDir()
	p := serveDev(t, folder)
	require.Equal(t, 0, p.stops()) // the log is complete afterwards
	assert.Contains(t, p.log.String(), "for DEVELOPMENT")
	assert.Contains(t, p.log.String(), "go run ./examples/quickstart -servers "+p.ready.Address+" -feature f1:9.9:1 -ca "+
		filepath.Join(folder, "ca.pem")+" -cert "+filepath.Join(folder, "client.pem")+" -key "+filepath.Join(folder, "client.key"))
}

func TestDevKeepsLedgerAndCertificates(t *testing.T) {
	folder := t.TempDir()
	p := serveDev(t, folder)
	first := p.ready
	require.Equal(t, wire.Result_RESULT_GRANTED, connect(t, p, folder).takes("f1", 5).Result)
	require.Equal(t, 0, p.stops())
	authority, err := os.ReadFile(filepath.Join(folder, authorityCert))
	require.NoError(t, err)

	p = serveDev(t, folder)
	assert.Equal(t, first.ServerID, p.ready.ServerID)
	assert.Equal(t, first.Epoch+1, p.ready.Epoch)
	again, err := os.ReadFile(filepath.Join(folder, authorityCert))
	require.NoError(t, err)
	assert.Equal(t, authority, again)
	assert.Equal(t, wire.Reason_REASON_NO_SEATS, connect(t, p, folder).takes("f1", 1).Reason)
}

func TestSignalsToStopEndWithStatus0(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		p := serveDev(t, t.TempDir())
		p.signal(s)
		p.cmd.Wait()
		assert.Equal(t, 0, p.cmd.ProcessState.ExitCode(), s)
	}
}

func TestConnectionsFromOneAddressAreLimited(t *testing.T) {
	folder := t.TempDir()
	p := serveDev(t, folder, "--source-connections", "1")
	connect(t, p, folder)
	second, err := net.Dial("tcp", p.ready.Address)
	require.NoError(t, err)
	defer second.Close()
	require.NoError(t, second.SetDeadline(time.Now().Add(5*time.Second))) // less than the timeout of the handshake
	_, err = second.Read(make([]byte, 1))
	require.Error(t, err)
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded)
}

func TestASecondServerOnALedgerIsRefusedAndNamesTheFirst(t *testing.T) {
	folder := t.TempDir()
	serveDev(t, folder)
	r := runProgram(t, nil, "serve", "--dev", "--dev-folder", folder, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")
	assert.Equal(t, 1, r.status)
	assert.Contains(t, r.errors, "is in use by another server: process")
}

func TestCheckShowsTheContentsOfALedger(t *testing.T) {
	folder := t.TempDir()
	p := serveDev(t, folder)
	ledger := filepath.Join(folder, "ledger")
	r := runProgram(t, nil, "check", "--ledger", ledger)
	assert.Equal(t, 1, r.status)
	assert.Contains(t, r.errors, "is in use")

	require.Equal(t, wire.Result_RESULT_GRANTED, connect(t, p, folder).takes("f1", 5).Result)
	require.Equal(t, 0, p.stops())
	r = runProgram(t, nil, "check", "--ledger", ledger)
	assert.Equal(t, 0, r.status)
	assert.Contains(t, r.out, "is in order")
	assert.Contains(t, r.out, p.ready.ServerID)
	assert.Contains(t, r.out, "1 leases held")

	require.NoError(t, os.Truncate(ledger, 8192))
	r = runProgram(t, nil, "check", "--ledger", ledger)
	assert.Equal(t, 1, r.status)
	assert.Contains(t, r.errors, "restore "+ledger+" from a backup")
}
