// Package fifo has the queue that dispatcher, connections and subscribers share: first in, first out, as long as it has to
// be, and as small as it can be afterwards.
package fifo

const (
	piece = 64 // elements that are allocated at a time
	spare = 64 // emptied pieces that are kept at most
)

// Queue is a list of pieces. It copies nothing as it grows and shrinks, and uses emptied pieces again: a ring that doubled
// and halved left 150 bytes of garbage behind each event of a burst. The zero value is an empty queue without a piece.
// It is not safe for concurrent use: its owner's lock guards it.
type Queue[T any] struct {
	first, last *part[T]
	head        int // index in first of the oldest element
	tail        int // index in last behind the newest element
	n           int // number of elements
	spare       *part[T]
	spares      int
}

type part[T any] struct {
	elements [piece]T
	next     *part[T]
}

// Len returns the number of elements.
func (q *Queue[T]) Len() int { return q.n }

// Push appends v.
func (q *Queue[T]) Push(v T) {
	if q.last == nil || q.tail == piece {
		q.grow()
	}
	q.last.elements[q.tail] = v
	q.tail++
	q.n++
}

// Pop takes the oldest element; ok is false when there is none. The queue keeps no reference to it.
func (q *Queue[T]) Pop() (v T, ok bool) {
	if q.n == 0 {
		return v, false
	}
	var none T
	v, q.first.elements[q.head] = q.first.elements[q.head], none
	q.head++
	q.n--
	if q.head == piece {
		q.shrink()
	}
	return v, true
}

// grow appends a piece.
func (q *Queue[T]) grow() {
	p := q.spare
	if p == nil {
		p = new(part[T])
	} else {
		q.spare, p.next = p.next, nil
		q.spares--
	}
	if q.last == nil {
		q.first = p
	} else {
		q.last.next = p
	}
	q.last, q.tail = p, 0
}

// shrink takes the first piece out, which is empty.
func (q *Queue[T]) shrink() {
	p := q.first
	q.first, q.head = p.next, 0
	if q.first == nil {
		q.last = nil
	}
	if q.spares < spare {
		p.next, q.spare = q.spare, p
		q.spares++
	}
}
