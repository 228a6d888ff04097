package seats

import (
	"fmt"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
)

// Replay fills an allocator with the records of a ledger. The client timeout of each lease, and the time for which each
// tombstone is kept, count from the start of the server's clock.
type Replay struct {
	allocator *Allocator
	leases    *leases
	holders   map[ledger.Holder]*Client
	start     ledger.Record // the newest of its kind
	wall      int64         // the latest time of all records
}

// NewReplay begins a replay into an allocator that has decided nothing yet.
func NewReplay(a *Allocator) *Replay {
	return &Replay{allocator: a, leases: a.leases, holders: make(map[ledger.Holder]*Client)}
}

// Add replays the next record. It fails when the record contradicts earlier ones, which means that the ledger is damaged.
func (r *Replay) Add(record ledger.Record) error {
	if record.Seq <= r.leases.journal.seq {
		return fmt.Errorf("record %d follows record %d", record.Seq, r.leases.journal.seq)
	}
	r.leases.journal.replayed(record.Seq)
	switch record.Kind {
	case ledger.RecordStart:
		if r.start.Seq != 0 {
			r.leases.journal.drop(r.start.Seq)
		}
		r.start, r.wall = record, max(r.wall, record.Wall)
		return nil
	case ledger.RecordTime:
		r.leases.journal.drop(record.Seq) // not needed: the next RecordStart will have this time
		r.wall = max(r.wall, record.Wall)
		return nil
	case ledger.RecordGrant:
		return r.grant(record)
	case ledger.RecordEnd:
		return r.end(record)
	default:
		return fmt.Errorf("record %d is of unknown kind %d", record.Seq, record.Kind)
	}
}

// Done ends the replay. It returns the record of the server's last start, with the latest time of all records; its Kind is
// zero when the ledger is new.
func (r *Replay) Done() ledger.Record {
	r.leases.rebuildFree()
	last := r.start
	last.Wall = r.wall
	return last
}

func (r *Replay) grant(record ledger.Record) error {
	number, c, err := r.clear(record)
	if err != nil {
		return err
	}
	if !record.Share.Valid() {
		return fmt.Errorf("record %d has the unknown scope %d of sharing", record.Seq, record.Share)
	}
	r.leases.replayGrant(number, c, record)
	return nil
}

func (r *Replay) end(record ledger.Record) error {
	if record.Reason == messages.NoReason {
		return fmt.Errorf("record %d ends a lease without a reason", record.Seq)
	}
	if number, held := r.leases.isHeld(record.Lease); held {
		r.leases.giveBack(r.client(record.Holder), r.leases.at(number))
		r.leases.evict(number)
	}
	number, c, err := r.clear(record)
	if err != nil {
		return err
	}
	r.leases.replayEnd(number, c, record)
	return nil
}

// clear empties the slot that the lease of a record names, and returns it with the client of the record. When an ended
// lease is in the slot, the server had dropped that lease before it used the slot again, and the ledger has not removed
// its record yet. The same holds for a request that was forgotten and arrived again later.
func (r *Replay) clear(record ledger.Record) (uint32, *Client, error) {
	ls, number := r.leases, slotOf(record.Lease[:])
	if number >= MaxSlots {
		return 0, nil, fmt.Errorf("record %d names slot %d", record.Seq, number)
	}
	ls.grow(number)
	if ls.at(number).state == entryHeld {
		return 0, nil, fmt.Errorf("record %d names slot %d, where another lease is held", record.Seq, number)
	}
	c := r.client(record.Holder)
	ls.evict(number)
	if earlier, known := ls.lookup(c, record.Request); known {
		if ls.at(earlier).state == entryHeld {
			return 0, nil, fmt.Errorf("record %d repeats a request whose lease is held", record.Seq)
		}
		ls.evict(earlier)
	}
	return number, c, nil
}

func (r *Replay) client(h ledger.Holder) *Client {
	c := r.holders[h]
	if c == nil {
		c = r.allocator.clients.replay(h)
		r.holders[h] = c
	}
	return c
}
