package transporttest

// slotList is a list of entries of a lease table, oldest first, linked by their slots. The zero value is empty. An
// entry is in one list at most.
type slotList struct{ head, tail uint32 }

// push appends the entry in slot.
func (l *slotList) push(entries []leaseEntry, slot uint32) {
	e := &entries[slot]
	e.prev, e.next = l.tail, 0
	if l.tail == 0 {
		l.head = slot
	} else {
		entries[l.tail].next = slot
	}
	l.tail = slot
}

// remove takes the entry in slot out of the list.
func (l *slotList) remove(entries []leaseEntry, slot uint32) {
	e := &entries[slot]
	if e.prev == 0 {
		l.head = e.next
	} else {
		entries[e.prev].next = e.next
	}
	if e.next == 0 {
		l.tail = e.prev
	} else {
		entries[e.next].prev = e.prev
	}
}
