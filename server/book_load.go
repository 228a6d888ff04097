package server

import (
	"fmt"

	"github.com/seatbeat/seatbeat/messages"
)

// maxSlot bounds the slot that a lease in a ledger may name, so that a damaged one cannot ask for all memory.
const maxSlot = 1 << 26

// loader fills a book from what a ledger kept, record by record.
type loader struct {
	book    *book
	holders map[Holder]*client
	start   Record // the newest of its kind
	wall    int64  // the latest time of all records
}

// load replays the ledger into the book and returns the record of the server's last start, with the latest time of all
// records; its Kind is zero when the ledger is new. Leases are as if beaten, and ends as if they happened, at the start of the clock.
func (b *book) load(ledger Ledger) (Record, error) {
	l := &loader{book: b, holders: make(map[Holder]*client)}
	if err := ledger.Open(l.replay); err != nil {
		return Record{}, err
	}
	b.reclaim()
	l.start.Wall = l.wall
	return l.start, nil
}

// begin notes the start of a life that follows the one that last tells of.
func (b *book) begin(last Record, serverID string, wall int64) Record {
	r := Record{Kind: RecordStart, ServerID: serverID, Wall: wall, Epoch: last.Epoch + 1}
	b.record(r, last.Seq)
	return r
}

func (l *loader) replay(r Record) error {
	if r.Seq <= l.book.seq {
		return fmt.Errorf("record %d follows record %d", r.Seq, l.book.seq)
	}
	l.book.seq = r.Seq
	switch r.Kind {
	case RecordStart:
		if l.start.Seq != 0 {
			l.void(l.start.Seq)
		}
		l.start, l.wall = r, max(l.wall, r.Wall)
		return nil
	case RecordWall:
		l.void(r.Seq) // the start that follows tells as much
		l.wall = max(l.wall, r.Wall)
		return nil
	case RecordGrant:
		return l.grant(r)
	case RecordEnd:
		return l.end(r)
	default:
		return fmt.Errorf("record %d is of unknown kind %d", r.Seq, r.Kind)
	}
}

func (l *loader) grant(r Record) error {
	number, e, err := l.place(r)
	if err != nil {
		return err
	}
	if !r.Share.Valid() {
		return fmt.Errorf("record %d has the unknown scope %d of sharing", r.Seq, r.Share)
	}
	c := l.client(r.Holder)
	l.book.table.hold(number, [12]byte(r.Lease[4:]), c.index, 0)
	e.state, e.pool, e.count = entryHeld, l.book.pools.named(r.Feature), r.Count
	e.level, e.overdrawn = levelAt(r.Major, r.Minor), r.Overdrawn
	e.group = l.book.pools.groups.join(groupPlace{e.pool, r.Share, r.Group}, e.claim())
	l.book.count(c, e, +1)
	return nil
}

func (l *loader) end(r Record) error {
	if r.Reason == messages.NoReason {
		return fmt.Errorf("record %d ends a lease without a reason", r.Seq)
	}
	if number := slotOf(r.Lease[:]); l.alive(r) {
		l.book.release(l.client(r.Holder), l.book.at(number))
		l.lift(number)
	}
	number, e, err := l.place(r)
	if err != nil {
		return err
	}
	l.book.table.mark(number, [12]byte(r.Lease[4:]))
	e.state, e.reason = entryEnded, r.Reason
	return nil
}

// alive reports whether the record's lease has been granted and is held.
func (l *loader) alive(r Record) bool {
	number := slotOf(r.Lease[:])
	return number < l.book.used && l.book.at(number).state == entryHeld && l.book.table.names(r.Lease)
}

// place makes room for a record in the slot that its lease names. An ended lease there was dropped by the server before
// it used the slot again, and the ledger has not let go of it yet; the same holds for a request that was forgotten and
// then came again.
func (l *loader) place(r Record) (uint32, *entry, error) {
	b, number := l.book, slotOf(r.Lease[:])
	if number >= maxSlot {
		return 0, nil, fmt.Errorf("record %d names slot %d", r.Seq, number)
	}
	b.grow(number)
	if b.at(number).state == entryHeld {
		return 0, nil, fmt.Errorf("record %d names slot %d, where another lease is held", r.Seq, number)
	}
	c := l.client(r.Holder)
	l.lift(number)
	if earlier, known := b.lookup(c, r.Request); known {
		if b.at(earlier).state == entryHeld {
			return 0, nil, fmt.Errorf("record %d repeats a request whose lease is held", r.Seq)
		}
		l.lift(earlier)
	}
	e := b.place(number, c, r.Request)
	e.seq = r.Seq
	return number, e, nil
}

// lift empties a slot, if anything is in it.
func (l *loader) lift(number uint32) {
	b, e := l.book, l.book.at(number)
	if e.state == entryFree {
		return
	}
	b.clients.get(e.client).entries--
	delete(b.requests, requestKey{e.client, e.request})
	b.table.mark(number, [12]byte{})
	l.void(e.seq)
	*e = entry{}
}

// void drops a record that later ones made void: the ledger had not let go of it yet, and a crash may have made it forget
// that it was to do so.
func (l *loader) void(seq uint64) { l.book.batch.Drop = append(l.book.batch.Drop, seq) }

func (l *loader) client(h Holder) *client {
	c := l.holders[h]
	if c == nil {
		c = l.book.clients.reload(h)
		l.holders[h] = c
	}
	return c
}

// reclaim finds, after a load, the free slots and the tombs of entries that still are in the ground.
func (b *book) reclaim() {
	b.tombs = tombs{}
	for number := range b.used {
		switch b.at(number).state {
		case entryFree:
			b.free = append(b.free, number)
		case entryEnded:
			b.tombs.add(number, 0)
		}
	}
}
