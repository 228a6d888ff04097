package server

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/failpoint"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/ledger/bolt"
)

func TestWhatIsVoidIsRemovedAfterARestartToo(t *testing.T) {
	path := boltPath(t)
	l := unsynced(path)
	s := newBookStage(t, Config{Ledger: l, Features: plenty})
	for range 50 {
		lease := s.take(1, seats("f", 1)).lease
		require.NoError(t, s.book.checkin(s.client(1), []messages.LeaseID{lease}, nil, 0))
	}
	s.commit()
	require.NoError(t, l.Close())
	l = compacting(path, failpoint.Compaction{Start: 10, Min: 10, Most: 10}) // only now: what was dropped before is forgotten
	s.config.Ledger = l
	s.open()
	s.restart()
	for range 20 {
		s.take(1, seats("f", 1))
	}
	require.NoError(t, l.Close())
	report, err := CheckBoltLedger(path)
	require.NoError(t, err)
	assert.Equal(t, LedgerReport{ServerID: "S1", Epoch: 3, Leases: 20, Ended: 50, Records: 71}, report)
}

func TestACheckTellsWhatIsInTheLedger(t *testing.T) {
	_, err := CheckBoltLedger(boltPath(t))
	require.ErrorIs(t, err, fs.ErrNotExist)

	l := bolt.New(boltPath(t))
	s := newBookStage(t, Config{Ledger: l, Features: plenty})
	s.restart()
	first := seats("f", 1)
	s.take(1, first)
	s.take(1, seats("f", 2))
	s.take(2, seats("f", 2))
	require.NoError(t, s.book.checkin(s.client(1), nil, []messages.RequestID{first.request}, 0))
	s.commit()
	require.NoError(t, l.Close())
	report, err := CheckBoltLedger(l.Path())
	require.NoError(t, err)
	assert.Equal(t, LedgerReport{ServerID: "S1", Epoch: 2, Leases: 2, Ended: 1, Records: 6}, report)
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

// The file was written before the ledger had a package of its own; what it holds, package bolt states record by record.
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
