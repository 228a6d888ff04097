//go:build unix

package main

import "runtime"

// usage is what could leak in a process.
type usage struct {
	Goroutines int
	Heap       int64 // bytes that are reachable
}

func used() usage {
	runtime.GC()
	runtime.GC() // the second one frees what had a finalizer or stood in a pool
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{Goroutines: runtime.NumGoroutine(), Heap: int64(m.HeapAlloc)}
}

// Tolerances: a process is never quite the same twice. A call or a connection is under way, maps and buffers have grown.
const (
	moreGoroutines = 8

	closedHeap = 2 << 20
	// serverHeap is what a server grows by besides its table of leases. That never shrinks, and has room for each feature,
	// and for its leases that ended within two client timeouts: four at most here, of 120 bytes, with an index.
	serverHeap         = 4 << 20
	tableHeapByFeature = 600
	// clientHeap is what the registry of protoactor, of 32,768 maps, grows by once when features come and go: 9.3 MB
	// after 100,000 checkouts, 0 in the next.
	clientHeap = 10 << 20
)

// leaked reports whether a process that was idle before uses so much more now that something must have leaked: more than
// a quarter and the heap that it is allowed.
func (u usage) leaked(before usage, heap int64) bool {
	return u.Goroutines > before.Goroutines+moreGoroutines || u.Heap > before.Heap+before.Heap/4+heap
}
