//go:build unix

package main

import "runtime"

// usage is what a process uses, and could leak.
type usage struct {
	Goroutines int
	Heap       int64 // bytes in use after a garbage collection
}

// used returns what this process uses now.
func used() usage {
	runtime.GC()
	runtime.GC() // the second one frees what had a finalizer or was in a sync.Pool
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{Goroutines: runtime.NumGoroutine(), Heap: int64(m.HeapAlloc)}
}

// Tolerances: no process uses exactly the same twice. A call or a connection is under way, maps and buffers have grown.
const (
	moreGoroutines = 8

	// closedHeap is how much more a client may use after it was closed than before its runtime was started.
	closedHeap = 2 << 20
	// serverHeap is how much a server may grow besides its table of leases.
	serverHeap = 4 << 20
	// tableHeapByFeature is how much the table of leases may grow for each feature. The table never shrinks. It holds a
	// feature's lease and those that ended within the last two client timeouts, here up to four of 120 bytes, and an index.
	tableHeapByFeature = 600
	// clientHeap is how much a client may grow. The registry of protoactor, of 32,768 maps, grows once while features come
	// and go: by 9.3 MB in the first 100,000 checkouts, and by nothing in the next.
	clientHeap = 10 << 20
)

// leaked reports whether a process uses so much more than before that something must have leaked: more goroutines than
// moreGoroutines, or more heap than a quarter and the allowed bytes.
func (u usage) leaked(before usage, heap int64) bool {
	return u.Goroutines > before.Goroutines+moreGoroutines || u.Heap > before.Heap+before.Heap/4+heap
}
