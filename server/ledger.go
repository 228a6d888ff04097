package server

import "github.com/seatbeat/seatbeat/messages"

// Ledger keeps what a server must not forget: who it is, which leases it granted, which ones ended. It is a log of
// records. The server alone knows what they mean; a ledger stores them, gives them back and lets go of those that the
// server names.
//
// One server uses a ledger at a time: it calls Open first, then Append, never two calls at once, then Close. After
// Close a later server may Open it again. The server calls from one goroutine of its own; a call may block.
//
// [BoltLedger] keeps the records in a file, [MemoryLedger] for the life of the process.
type Ledger interface {
	// Open begins the use of the ledger and passes each record that is kept to replay, in the order in which they were
	// appended, before it returns. A record that was dropped may still be among them. When replay returns an error, Open
	// stops and returns it. Open fails when the ledger is in use, by another process too, and when it is damaged; after
	// an error the ledger is not in use.
	Open(replay func(Record) error) error

	// Append keeps a batch: all of it or, after a crash, none of it. When it returns nil the records survive whatever
	// the ledger promises to survive: the server answers its clients on the strength of it. The slices stay the
	// server's. After an error the ledger's state is unknown: the server appends no more, ends and reports the error.
	Append(batch Batch) error

	// Close ends the use. The records stay.
	Close() error
}

// Batch is what the server decided in one go.
type Batch struct {
	// Records are to be kept, in this order, after all that were appended before.
	Records []Record
	// Drop names, by Seq, records that need not be kept any more. A ledger may remove them at once, later or never, but
	// never in another order than they were dropped in: the end of a lease must not be lost before its grant.
	Drop []uint64
}

// RecordKind is the kind of a [Record].
type RecordKind uint8

// Kinds of records.
const (
	// RecordStart: a life of the server began. ServerID, Epoch and Wall are set.
	RecordStart RecordKind = iota + 1
	// RecordGrant: a lease was granted. Holder, Request, Lease, Feature, Version, Count, Share, Group and Overdrawn are set.
	RecordGrant
	// RecordEnd: a lease ended, or a request was cancelled or replaced before it arrived: then Lease was told to nobody.
	// Holder, Request, Lease and Reason are set.
	RecordEnd
	// RecordWall: so late it was. Wall is set.
	RecordWall
)

// Record is one entry of a [Ledger], a plain value. Fields that its Kind does not name are zero.
type Record struct {
	// Seq is the number of the record: each is higher than all before it, over restarts too.
	Seq  uint64
	Kind RecordKind
	// Reason says why a lease ended.
	Reason messages.Reason
	// Count is the number of seats granted.
	Count uint32
	// Epoch and ServerID say who started.
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
	// Share and Group say with whom the seats of a grant are shared: leases of one feature with the same two hold them
	// together. Group is a hash, and zero when they are not shared.
	Share Share
	Group [16]byte
	// Overdrawn: more seats than the licence has were held when the lease was granted.
	Overdrawn bool
	// Wall is the highest wall time that the server has seen, in milliseconds since 1970.
	Wall int64
}

// Holder says to whom a lease belongs: only a client with the same two can beat it, return it or repeat its request.
type Holder struct {
	// Identity is who the client's certificate says it is; see [Config.Identify]. Empty for a client without TLS.
	Identity string
	// Instance is one start of one runtime: 16 random bytes that the client drew.
	Instance [16]byte
}
