package seats

import "time"

// tombstones are the slots of ended leases and cancelled requests, in the order of their end. They are forgotten in that
// order.
type tombstones struct {
	queue []tombstone
	first int // the tombstones before it are forgotten
}

type tombstone struct {
	number uint32        // of the slot
	at     time.Duration // when it ended, or when the server started
}

func (t *tombstones) len() int { return len(t.queue) - t.first }

func (t *tombstones) add(number uint32, at time.Duration) {
	if t.first > len(t.queue)/2 {
		t.queue = append(t.queue[:0], t.queue[t.first:]...)
		t.first = 0
	}
	t.queue = append(t.queue, tombstone{number, at})
}

// next removes the oldest tombstone and returns its slot, if it ended by the given time.
func (t *tombstones) next(by time.Duration) (number uint32, ok bool) {
	if t.len() == 0 || t.queue[t.first].at > by {
		return 0, false
	}
	number = t.queue[t.first].number
	t.first++
	return number, true
}
