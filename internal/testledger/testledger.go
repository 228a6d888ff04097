// Package testledger fills ledgers with leases, for tests and benchmarks.
package testledger

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
)

// batch is how many records are appended at once.
const batch = 8192

// Fill appends the start of a server and so many leases, one seat of feature f in version 1.0 each. An identity holds them
// in equal parts by several clients.
func Fill(tb testing.TB, l ledger.Ledger, leases, clients int, identity string) {
	tb.Helper()
	require.NoError(tb, l.Open(func(ledger.Record) error { return nil }))
	records := []ledger.Record{{Seq: 1, Kind: ledger.RecordStart, ServerID: "S1", Epoch: 1}}
	for i := range leases {
		records = append(records, ledger.Record{
			Seq: uint64(i + 2), Kind: ledger.RecordGrant, Request: messages.RequestID(id(i, 1)), Lease: Lease(i),
			Holder:  ledger.Holder{Identity: identity, Instance: Instance(i * clients / leases)},
			Feature: "f", Major: 1, Count: 1,
		})
		if len(records) == batch {
			require.NoError(tb, l.Append(ledger.Batch{Records: records}))
			records = records[:0]
		}
	}
	require.NoError(tb, l.Append(ledger.Batch{Records: records}))
	require.NoError(tb, l.Close())
}

// Instance returns the instance of a client: the first has number 0.
func Instance(client int) [16]byte { return [16]byte{byte(client + 1)} }

// Lease returns the id of a lease: the first has number 0.
func Lease(number int) messages.LeaseID { return messages.LeaseID(id(number, 2)) }

// id returns an id of one kind.
func id(number int, kind byte) (id [16]byte) {
	binary.BigEndian.PutUint32(id[:], uint32(number))
	id[15] = kind
	return id
}

// Packed returns the ids of so many leases, as a heartbeat names them.
func Packed(leases int) (ids []byte) {
	for i := range leases {
		lease := Lease(i)
		ids = append(ids, lease[:]...)
	}
	return ids
}
