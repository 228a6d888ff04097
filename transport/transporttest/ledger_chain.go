package transporttest

// chain is a list of slots, linked through their records, oldest first. Its zero value is empty.
type chain struct{ head, tail uint32 }

// push appends a slot that is in no chain.
func (l *ledger) push(c *chain, slot uint32) {
	r := &l.records[slot]
	r.prev, r.next = c.tail, 0
	if c.tail == 0 {
		c.head = slot
	} else {
		l.records[c.tail].next = slot
	}
	c.tail = slot
}

// unlink takes a slot out of the chain that it is in.
func (l *ledger) unlink(c *chain, slot uint32) {
	r := &l.records[slot]
	if r.prev == 0 {
		c.head = r.next
	} else {
		l.records[r.prev].next = r.next
	}
	if r.next == 0 {
		c.tail = r.prev
	} else {
		l.records[r.next].prev = r.prev
	}
}
