package server

import (
	"crypto/x509"

	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/ledger/bolt"
	"github.com/seatbeat/seatbeat/server/license"
)

// The names in this file are those of earlier versions. They stay for one release.

// Feature is [license.Feature].
//
// Deprecated: use license.Feature.
type Feature = license.Feature

// Share is [license.Share].
//
// Deprecated: use license.Share.
type Share = license.Share

// The scopes of sharing and the bound of seats.
//
// Deprecated: use the constants of package license.
const (
	ShareNone   = license.ShareNone
	ShareUser   = license.ShareUser
	ShareHost   = license.ShareHost
	ShareString = license.ShareString
	MaxSeats    = license.MaxSeats
)

// Ledger is [ledger.Ledger].
//
// Deprecated: use ledger.Ledger.
type Ledger = ledger.Ledger

// Batch is [ledger.Batch].
//
// Deprecated: use ledger.Batch.
type Batch = ledger.Batch

// Record is [ledger.Record].
//
// Deprecated: use ledger.Record.
type Record = ledger.Record

// RecordKind is [ledger.RecordKind].
//
// Deprecated: use ledger.RecordKind.
type RecordKind = ledger.RecordKind

// The kinds of records.
//
// Deprecated: use the constants of package ledger.
const (
	RecordStart = ledger.RecordStart
	RecordGrant = ledger.RecordGrant
	RecordEnd   = ledger.RecordEnd
	RecordWall  = ledger.RecordTime
)

// Holder is [ledger.Holder].
//
// Deprecated: use ledger.Holder.
type Holder = ledger.Holder

// MemoryLedger is [ledger.Memory].
//
// Deprecated: use ledger.Memory.
type MemoryLedger = ledger.Memory

// BoltLedger is [bolt.Ledger].
//
// Deprecated: use bolt.Ledger.
type BoltLedger = bolt.Ledger

// NewBoltLedger is [bolt.New].
//
// Deprecated: use bolt.New.
func NewBoltLedger(path string) *bolt.Ledger { return bolt.New(path) }

// LedgerInUseError is [bolt.InUseError].
//
// Deprecated: use bolt.InUseError.
type LedgerInUseError = bolt.InUseError

// LedgerDamagedError is [bolt.DamagedError].
//
// Deprecated: use bolt.DamagedError.
type LedgerDamagedError = bolt.DamagedError

// Names is [ProvenNames].
//
// Deprecated: use ProvenNames.
func Names(cert *x509.Certificate) (user, host string) { return ProvenNames(cert) }
