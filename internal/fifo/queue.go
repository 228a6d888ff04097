// Package fifo has the queue of the dispatcher, the connections and the subscribers: first in, first out. It grows as
// needed and frees its memory afterwards.
package fifo

const (
	segmentSize = 64 // elements that are allocated at a time
	maxSpare    = 64 // empty segments that are kept for later
)

// Queue is a list of segments. It copies no element when it grows or shrinks, and uses empty segments again: a ring
// buffer that doubled and halved left 150 bytes of garbage for each event of a burst. The zero value is an empty queue
// without a segment. It is not safe for concurrent use: the lock of its owner guards it.
type Queue[T any] struct {
	first, last *segment[T]
	head        int // index in first of the oldest element
	tail        int // index in last behind the newest element
	n           int // number of elements
	spare       *segment[T]
	spares      int
}

type segment[T any] struct {
	elements [segmentSize]T
	next     *segment[T]
}

// Len returns the number of elements.
func (q *Queue[T]) Len() int { return q.n }

// Push appends v.
func (q *Queue[T]) Push(v T) {
	if q.last == nil || q.tail == segmentSize {
		q.grow()
	}
	q.last.elements[q.tail] = v
	q.tail++
	q.n++
}

// Pop removes and returns the oldest element; ok is false when there is none. The queue keeps no reference to the
// element.
func (q *Queue[T]) Pop() (v T, ok bool) {
	if q.n == 0 {
		return v, false
	}
	var none T
	v, q.first.elements[q.head] = q.first.elements[q.head], none
	q.head++
	q.n--
	if q.head == segmentSize {
		q.shrink()
	}
	return v, true
}

// grow appends a segment.
func (q *Queue[T]) grow() {
	s := q.spare
	if s == nil {
		s = new(segment[T])
	} else {
		q.spare, s.next = s.next, nil
		q.spares--
	}
	if q.last == nil {
		q.first = s
	} else {
		q.last.next = s
	}
	q.last, q.tail = s, 0
}

// shrink removes the first segment, which is empty.
func (q *Queue[T]) shrink() {
	s := q.first
	q.first, q.head = s.next, 0
	if q.first == nil {
		q.last = nil
	}
	if q.spares < maxSpare {
		s.next, q.spare = q.spare, s
		q.spares++
	}
}
