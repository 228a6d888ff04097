// Package ledger defines what a licence server keeps in order not to forget its leases: a [Ledger] of records. [Memory]
// is one for tests; package bolt keeps the records in a file.
package ledger

import (
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/license"
)

// Ledger keeps what a server must not forget: the server's identity, the leases it granted and the leases that ended. It
// is a log of records. Only the server knows what the records mean; a ledger stores them, returns them and removes those
// that the server drops.
//
// One server uses a ledger at a time. It calls Open first, then Append, never two calls at once, then Close. After Close
// a later server may call Open again. The server calls from one goroutine of its own; a call may block.
type Ledger interface {
	// Open begins the use of the ledger. Before it returns it passes each record that is kept to replay, in the order in
	// which they were appended. Dropped records may still be among them. When replay returns an error, Open stops and
	// returns that error. Open fails when the ledger is in use, also by another process, and when it is damaged; after an
	// error the ledger is not in use.
	Open(replay func(Record) error) error

	// Append keeps a batch: all of it or, after a crash, none of it. When Append returns nil the records survive whatever
	// the ledger promises to survive; the server answers its clients on the strength of that. The slices of the batch stay
	// the server's. After an error the state of the ledger is unknown: the server appends no more, ends and reports the
	// error.
	Append(batch Batch) error

	// Close ends the use. The records stay.
	Close() error
}

// Batch is what the server decided in one round.
type Batch struct {
	// Records are kept in this order, after all records appended before.
	Records []Record
	// Drop lists, by Seq, records that need not be kept any longer. A ledger may remove them at once, later or never, but
	// in the order in which they were dropped: the end of a lease must not be lost before its grant.
	Drop []uint64
}

// RecordKind is the kind of a [Record].
type RecordKind uint8

// The kinds of records, with the fields that are set besides Seq and Kind.
const (
	// RecordStart: the server started. ServerID, Epoch and Wall.
	RecordStart RecordKind = iota + 1
	// RecordGrant: a lease was granted. Holder, Request, Lease, Feature, Major, Minor, Count, Share, Group, Overdrawn and
	// Until.
	RecordGrant
	// RecordEnd: a lease ended, or a request was cancelled or replaced before it arrived; no client knows the Lease then.
	// Holder, Request, Lease and Reason.
	RecordEnd
	// RecordTime stores the latest wall time seen, so that turning the clock back revives no licence. Wall.
	RecordTime
)

// Record is one entry of a [Ledger], a plain value. Fields that its Kind does not name are zero.
type Record struct {
	// Seq is the number of the record, higher than those of all records before it, also before a restart.
	Seq  uint64
	Kind RecordKind
	// Reason says why a lease ended.
	Reason messages.Reason
	// Count is the number of seats granted.
	Count uint32
	// Epoch and ServerID identify the server that started.
	Epoch    uint64
	ServerID string
	// Holder is whose lease or request it is.
	Holder Holder
	// Request and Lease are the ids of the take and of its lease.
	Request messages.RequestID
	Lease   messages.LeaseID
	// Feature was granted, served in version Major.Minor.
	Feature      string
	Major, Minor uint16
	// Share and Group say with whom the seats of a grant are shared: leases of one feature with the same Share and Group
	// hold their seats together. Group is a hash, and zero when the seats are not shared.
	Share license.Share
	Group [16]byte
	// Until is when the licence ends that granted the lease, in milliseconds since 1970; 0 when it never ends, and in
	// records of older programs. Whatever becomes of the licence's file, the lease does not outlive it.
	Until int64
	// Overdrawn: with this lease more seats were held than the licence has without overdraft.
	Overdrawn bool
	// Wall is the latest wall time that the server has seen, in milliseconds since 1970.
	Wall int64
}

// Holder identifies the client that a lease belongs to. Only a client with the same Identity and Instance can renew the
// lease, return it or repeat its request.
type Holder struct {
	// Identity is what the client's certificate proves, see Identify of the server's Config. It is empty for a client
	// without TLS.
	Identity string
	// Instance identifies one start of one client runtime: 16 random bytes that the client drew.
	Instance [16]byte
}
