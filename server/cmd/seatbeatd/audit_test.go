package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/transport/wire"
)

// auditRecord is a record of the audit.
type auditRecord struct {
	Msg, Feature, Lease, Identity, User, Host, Reason, Message string
}

func auditRecords(t *testing.T, path string) (all []auditRecord) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		var record auditRecord
		require.NoError(t, json.Unmarshal([]byte(line), &record))
		all = append(all, record)
	}
	return all
}

func TestTheAuditNamesClientsAndSurvivesItsRotation(t *testing.T) {
	folder := t.TempDir()
	path, old := filepath.Join(folder, "audit"), filepath.Join(folder, "audit.1")
	p := serveDev(t, folder, "--audit", path)
	c := connect(t, p, folder)
	lease := hex.EncodeToString(c.takes("f1", 5).Lease)
	c.takes("f1", 1)
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(path)
		return err == nil && bytes.Count(text, []byte("\n")) == 2
	}, time.Minute, time.Millisecond, "records are written soon after the answers")
	require.NoError(t, os.Rename(path, old))
	require.Equal(t, 0, administer(t, p, folder, "reload").status) // as SIGHUP does
	require.Equal(t, 0, administer(t, p, folder, "release", lease).status)
	require.Equal(t, 0, p.stops())

	const client = "cn:seatbeatd development client"
	assert.Equal(t, []auditRecord{
		{Msg: "grant", Feature: "f1", Lease: lease, Identity: client, User: "ada", Host: "build7"},
		{Msg: "denial", Feature: "f1", Identity: client, User: "ada", Host: "build7", Reason: "NoSeats", Message: "5 of 5 seats in use (you 5, your other clients 0)"},
	}, auditRecords(t, old))
	assert.Equal(t, []auditRecord{
		{Msg: "release", Feature: "f1", Lease: lease, Identity: client, User: "ada", Host: "build7", Reason: "Revoked"},
	}, auditRecords(t, path))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestTheAuditCanGoToStandardError(t *testing.T) {
	folder := t.TempDir()
	p := serveDev(t, folder, "--audit", "-")
	connect(t, p, folder).takes("f1", 1)
	require.Equal(t, 0, p.stops())
	assert.Contains(t, p.log.String(), `"msg":"grant","feature":"f1"`)
}

func TestAnAuditFileThatCannotBeOpenedEndsTheStart(t *testing.T) {
	folder := t.TempDir()
	missing := filepath.Join(folder, "none", "audit")
	r := runProgram(t, nil, "serve", "--dev", "--dev-folder", folder, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--audit", missing)
	assert.Equal(t, 1, r.status)
	assert.Contains(t, r.errors, "open audit: open "+missing)
}

// An audit that could not be written was lost without a word.
func TestAFullDiskOfTheAuditIsLoggedAndRefusesGrantsWhereAskedTo(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("needs /dev/full")
	}
	folder := t.TempDir()
	p := serveDev(t, folder, "--audit", "/dev/full", "--audit-required")
	c := connect(t, p, folder)
	c.takes("f1", 1) // nobody knows yet
	require.Eventually(t, func() bool { return strings.Contains(p.log.String(), "audit records are lost") }, waitTime, time.Millisecond)
	_, err := c.seats.Checkout(t.Context(), &wire.CheckoutRequest{
		Caller: c.caller, Takes: []*wire.Take{{Request: random(), Feature: "f1", Major: 1, Count: 1}},
	})
	assert.ErrorContains(t, err, "the audit cannot be written")
	require.Equal(t, 0, p.stops())
	assert.Equal(t, 1, strings.Count(p.log.String(), "audit records are lost"))
}

// A part of a record that a full disk left stayed in front of the next record.
func TestTheAuditKeepsLinesWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit")
	require.NoError(t, os.WriteFile(path, []byte("{\"msg\":\"gr"), 0o600))
	a, err := openAuditFile(path)
	require.NoError(t, err)
	_, err = a.Write([]byte("{}\n"))
	require.NoError(t, err)
	require.NoError(t, a.removeLast(2))
	a.close()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, []string{`{"msg":"gr`, `{`}, strings.Split(string(text), "\n"))
}
