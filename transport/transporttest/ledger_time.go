package transporttest

import "github.com/seatbeat/seatbeat/messages"

// tombstoneTimeouts is for how many client timeouts an ended lease and a cancelled request are remembered.
const tombstoneTimeouts = 2

// advance frees the leases that no beat has named for the client timeout and forgets old tombstones. Everything that
// reads or changes the ledger calls it first: time passes only here.
func (l *ledger) advance(now int64) {
	for slot := l.aging.head; slot != 0; slot = l.aging.head {
		due := l.records[slot].at + l.timeout
		if due > now {
			break
		}
		l.end(slot, messages.Expired, due)
	}
	for slot := l.buried.head; slot != 0; slot = l.buried.head {
		if l.records[slot].at+tombstoneTimeouts*l.timeout > now {
			break
		}
		l.unlink(&l.buried, slot)
		l.drop(slot)
	}
}

// end frees the seats of a lease that lives and leaves its tombstone.
func (l *ledger) end(slot uint32, reason messages.Reason, now int64) {
	r := &l.records[slot]
	l.pools[r.pool].used -= int(r.count)
	if r.state == held {
		l.unlink(&l.aging, slot)
	}
	l.bury(slot, reason, now)
}

// bury makes a record that is in no chain a tombstone.
func (l *ledger) bury(slot uint32, reason messages.Reason, now int64) {
	r := &l.records[slot]
	r.state, r.reason, r.at = ended, reason, now
	l.push(&l.buried, slot)
}

// refresh gives every lease a full client timeout from now on.
func (l *ledger) refresh(now int64) {
	for slot := l.aging.head; slot != 0; slot = l.records[slot].next {
		l.records[slot].at = now
	}
}

// lives reports whether the record of a slot is a lease that is held.
func (l *ledger) lives(slot uint32) bool {
	state := l.records[slot].state
	return state == held || state == local
}
