package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/transport/wire"
)

// administer runs an administration command against a server whose token file is in a folder.
func administer(t *testing.T, p *process, folder string, args ...string) result {
	t.Helper()
	return runProgram(t, nil, append(args, "--admin", p.ready.Admin, "--admin-token", filepath.Join(folder, tokenFile))...)
}

func TestStatusShowsFeaturesAndTheirHolders(t *testing.T) {
	folder := t.TempDir()
	p := serveDev(t, folder)
	require.Equal(t, wire.Result_RESULT_GRANTED, connect(t, p, folder).takes("f1", 3).Result)
	r := administer(t, p, folder, "status")
	require.Equal(t, 0, r.status, r.errors)
	for _, want := range []string{p.ready.ServerID, "f1       9.9      3     5", "ada", "build7", "cn:seatbeatd development client"} {
		assert.Contains(t, r.out, want)
	}
	var got statusReport
	r = administer(t, p, folder, "status", "--json", "--feature", "f1")
	require.NoError(t, json.Unmarshal([]byte(r.out), &got))
	assert.Equal(t, p.ready.BootID, got.BootID)
	require.Len(t, got.Holders, 1)
	assert.Equal(t, 3, got.Holders[0].Count)
}

func TestReleaseRevokesALease(t *testing.T) {
	folder := t.TempDir()
	p := serveDev(t, folder)
	c := connect(t, p, folder)
	lease := c.takes("f1", 5).Lease
	var got statusReport
	require.NoError(t, json.Unmarshal([]byte(administer(t, p, folder, "status", "--json").out), &got))
	r := administer(t, p, folder, "release", got.Holders[0].Lease)
	require.Equal(t, 0, r.status, r.errors)
	beat, err := c.seats.Heartbeat(t.Context(), &wire.HeartbeatRequest{Caller: c.caller, Leases: lease})
	require.NoError(t, err)
	assert.Equal(t, []byte{byte(wire.Reason_REASON_REVOKED)}, beat.Reasons)

	r = administer(t, p, folder, "release", got.Holders[0].Lease)
	assert.Equal(t, 1, r.status)
	assert.Contains(t, r.errors, "no client holds this lease")
	assert.Contains(t, administer(t, p, folder, "release", "/etc/passwd").errors, "is not a lease")
}

func TestABackupOfARunningServerIsACompleteLedger(t *testing.T) {
	folder := t.TempDir()
	p := serveDev(t, folder)
	require.Equal(t, wire.Result_RESULT_GRANTED, connect(t, p, folder).takes("f1", 3).Result)
	out := filepath.Join(t.TempDir(), "copy")
	r := administer(t, p, folder, "backup", "--out", out)
	require.Equal(t, 0, r.status, r.errors)
	assert.Contains(t, runProgram(t, nil, "check", "--ledger", out).out, "1 leases held")
	r = administer(t, p, folder, "backup", "--out", out)
	assert.Equal(t, 1, r.status, "nothing is overwritten")
}

func TestWithoutTheTokenEveryPathGetsTheSameAnswer(t *testing.T) {
	folder := t.TempDir()
	p := serveDev(t, folder)
	good, err := os.ReadFile(filepath.Join(folder, tokenFile))
	require.NoError(t, err)
	require.Len(t, strings.TrimSpace(string(good)), 64)
	for _, header := range []string{"", "Bearer ", "Bearer " + strings.Repeat("0", 64), "Basic " + strings.TrimSpace(string(good))} {
		for _, path := range []string{"/v1/status", "/v1/backup", "/none"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+p.ready.Admin+path, nil)
			require.NoError(t, err)
			req.Header.Set("Authorization", header)
			reply, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			var body struct{ Error string }
			require.NoError(t, json.NewDecoder(reply.Body).Decode(&body))
			reply.Body.Close()
			assert.Equal(t, http.StatusUnauthorized, reply.StatusCode)
			assert.Equal(t, "the token is missing or wrong", body.Error)
		}
	}
}

func TestATokenThatOthersCanReadIsRefused(t *testing.T) {
	folder := t.TempDir()
	p := serveDev(t, folder)
	info, err := os.Stat(filepath.Join(folder, tokenFile))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NoError(t, os.Chmod(filepath.Join(folder, tokenFile), 0o644))
	r := administer(t, p, folder, "status")
	assert.Equal(t, 1, r.status)
	assert.Contains(t, r.errors, "other users can read it")
}

func TestARefusedReloadChangesNothingAndPrintsWhy(t *testing.T) {
	folder := t.TempDir()
	p := serveDev(t, folder)
	require.Equal(t, 0, administer(t, p, folder, "reload").status)
	key := filepath.Join(folder, serverKey)
	require.NoError(t, os.WriteFile(key, []byte("no key"), 0o600))
	r := administer(t, p, folder, "reload")
	assert.Equal(t, 1, r.status)
	assert.Contains(t, r.errors, key)
	p.signal(syscall.SIGHUP)
	assert.Equal(t, wire.Result_RESULT_GRANTED, connect(t, p, folder).takes("f1", 5).Result, "new connections are still accepted")
	require.Equal(t, 0, p.stops())
	assert.Contains(t, p.log.String(), "certificates not reloaded")
}
