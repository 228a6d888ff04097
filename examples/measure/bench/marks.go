package main

import (
	"sync/atomic"
	"time"
)

// marks notes when a heartbeat of each feature was last acknowledged, for contenders that send one for each feature.
type marks struct {
	last  []atomic.Int64 // Unix nanoseconds, by feature
	total *atomic.Int64
}

func newMarks(features int) marks {
	return marks{last: make([]atomic.Int64, features), total: new(atomic.Int64)}
}

func (m *marks) acknowledged(i int) {
	m.last[i].Store(time.Now().UnixNano())
	m.total.Add(1)
}

func (m *marks) beats() int64 { return m.total.Load() }

func (m *marks) heldSince(t time.Time) (n int) {
	for i := range m.last {
		if m.last[i].Load() > t.UnixNano() {
			n++
		}
	}
	return n
}
