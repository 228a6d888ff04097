package server

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/failpoint"
	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/ledger/bolt"
)

// life runs an engine on a ledger from its start to its stop, without a network.
func life(t *testing.T, l ledger.Ledger, run func(s *Server, c func(instance byte) *seats.Client)) {
	t.Helper()
	s, err := New(Config{Ledger: l, Features: plenty, Insecure: true})
	require.NoError(t, err)
	run(s, func(instance byte) *seats.Client {
		c, err := s.engine.Enter(ledger.Holder{Identity: "c", Instance: [16]byte{instance}}, 1)
		require.NoError(t, err)
		return c
	})
	require.NoError(t, s.Stop(t.Context()))
}

func checkout(t *testing.T, s *Server, c *seats.Client) (messages.RequestID, messages.LeaseID) {
	t.Helper()
	take := takeOne()
	o, err := s.engine.Checkout(t.Context(), c, []seats.Take{take})
	require.NoError(t, err)
	require.Equal(t, seats.Granted, o[0].Result)
	return take.Request, o[0].Lease
}

func TestObsoleteRecordsAreRemovedAfterARestartToo(t *testing.T) {
	path := boltPath(t)
	life(t, unsynced(path), func(s *Server, client func(byte) *seats.Client) {
		c := client(1)
		for range 50 {
			_, lease := checkout(t, s, c)
			require.NoError(t, s.engine.Checkin(t.Context(), c, []messages.LeaseID{lease}, nil))
		}
	})
	l := compacting(path, failpoint.Compaction{Start: 10, Min: 10, Most: 10}) // only now: the list of records dropped before is lost
	life(t, l, func(*Server, func(byte) *seats.Client) {})
	life(t, l, func(s *Server, client func(byte) *seats.Client) {
		for range 20 {
			checkout(t, s, client(1))
		}
	})
	report, err := CheckBoltLedger(path)
	require.NoError(t, err)
	assert.NotEmpty(t, report.ServerID)
	report.ServerID = ""
	assert.Equal(t, LedgerReport{Epoch: 3, Leases: 20, Ended: 50, Records: 71}, report)
}

func TestACheckTellsWhatIsInTheLedger(t *testing.T) {
	_, err := CheckBoltLedger(boltPath(t))
	require.ErrorIs(t, err, fs.ErrNotExist)

	l := bolt.New(boltPath(t))
	life(t, l, func(*Server, func(byte) *seats.Client) {})
	var id string
	life(t, l, func(s *Server, client func(byte) *seats.Client) {
		id = s.Identity().ServerID
		one := client(1)
		first, _ := checkout(t, s, one)
		checkout(t, s, one)
		checkout(t, s, client(2))
		require.NoError(t, s.engine.Checkin(t.Context(), one, nil, []messages.RequestID{first}))
	})
	report, err := CheckBoltLedger(l.Path())
	require.NoError(t, err)
	assert.Equal(t, LedgerReport{ServerID: id, Epoch: 2, Leases: 2, Ended: 1, Records: 6}, report)
}

func TestAFaultyLedgerIsRefusedByTheServerAndTheCheck(t *testing.T) {
	path := boltPath(t)
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	_, checked := CheckBoltLedger(path)
	_, started := New(Config{Ledger: bolt.New(path), Insecure: true})
	for _, err := range []error{checked, started} {
		damaged, ok := errors.AsType[*bolt.DamagedError](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, path, damaged.Path)
		assert.ErrorContains(t, err, "restore "+path+" from a backup")
	}

	path = boltPath(t)
	used := bolt.New(path)
	require.Empty(t, replayed(t, used))
	_, checked = CheckBoltLedger(path)
	_, started = New(Config{Ledger: bolt.New(path), Insecure: true})
	for _, err := range []error{checked, started} {
		user, ok := errors.AsType[*bolt.InUseError](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, os.Getpid(), user.PID)
		assert.ErrorContains(t, err, path)
	}
	require.NoError(t, used.Close())
}

// The file was written before the ledger had a package of its own. The test of package bolt states its records.
func TestALedgerThatWasWrittenBeforeIsServedOn(t *testing.T) {
	file, err := os.ReadFile("ledger/bolt/testdata/v1.ledger")
	require.NoError(t, err)
	path := boltPath(t)
	require.NoError(t, os.WriteFile(path, file, 0o600))
	want := LedgerReport{ServerID: "SERVERONE", Epoch: 3, Leases: 6, Ended: 15, Records: 26}
	report, err := CheckBoltLedger(path)
	require.NoError(t, err)
	assert.Equal(t, want, report)

	s, _, _ := serve(t, Config{Ledger: bolt.New(path)})
	assert.Equal(t, "SERVERONE", s.Identity().ServerID)
	assert.Equal(t, uint64(4), s.Identity().Epoch)
	page, err := s.Holders(t.Context(), HoldersQuery{})
	require.NoError(t, err)
	assert.Equal(t, []Lease{
		v1Lease(1, 2, "uri:spiffe://example.org/alice", 0xa1, 1, "cad", messages.V(2, 10), 300),
		v1Lease(2, 3, "uri:spiffe://example.org/alice", 0xa1, 1, "cad", messages.V(2, 10), 1),
		v1Lease(3, 4, "dns:build7.example.org", 0xb2, 2, "cad", messages.V(2, 10), 1),
		v1Lease(4, 5, "dns:build7.example.org", 0xb2, 2, "cad", messages.V(2, 10), 1),
		v1Lease(5, 6, "", 0xc3, 3, "sim", messages.V(65535, 65535), 1),
		v1Lease(6, 7, "uri:spiffe://example.org/alice", 0xa1, 1, "cad", messages.V(2, 10), 1),
	}, page.Leases)
}

func v1Lease(slot, n byte, identity string, client, runtime byte, feature string, version messages.Version, count int) Lease {
	return Lease{
		ID: messages.LeaseID{3: slot, 4: 0x20, 15: n}, Feature: feature, Version: version, Count: count,
		Holder: ledger.Holder{Identity: identity, Instance: [16]byte{client, runtime}},
	}
}
