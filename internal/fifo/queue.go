// Package fifo has the queue that dispatcher and subscribers share: first in, first out, as long as it has to be, and as
// small as it can be afterwards.
package fifo

// smallest is the size of the buffer that a queue starts with and does not shrink below, in elements.
const smallest = 16

// Queue is a ring of elements that doubles when it is full and halves when three quarters of it are empty, so that a
// flood does not leave its memory behind. The zero value is an empty queue without a buffer.
// It is not safe for concurrent use: its owner's lock guards it.
type Queue[T any] struct {
	ring []T
	head int // index of the oldest element
	n    int // number of elements
}

// Len returns the number of elements.
func (q *Queue[T]) Len() int { return q.n }

// Push appends v.
func (q *Queue[T]) Push(v T) {
	if q.n == len(q.ring) {
		q.resize(max(smallest, 2*q.n))
	}
	q.ring[(q.head+q.n)%len(q.ring)] = v
	q.n++
}

// Pop takes the oldest element; ok is false when there is none. The queue keeps no reference to it.
func (q *Queue[T]) Pop() (v T, ok bool) {
	if q.n == 0 {
		return v, false
	}
	var none T
	v, q.ring[q.head] = q.ring[q.head], none
	q.head = (q.head + 1) % len(q.ring)
	q.n--
	if size := len(q.ring); size > smallest && q.n <= size/4 {
		q.resize(size / 2)
	}
	return v, true
}

// resize moves the elements to a ring of the given size, which holds them all.
func (q *Queue[T]) resize(size int) {
	ring := make([]T, size)
	end := min(q.head+q.n, len(q.ring))
	moved := copy(ring, q.ring[q.head:end])
	copy(ring[moved:], q.ring[:q.n-moved])
	q.ring, q.head = ring, 0
}
