package transport

import "time"

// Bounds of one call. The runtime never passes more; a server may refuse more.
const (
	// MaxLeases bounds the leases that one Heartbeat names: 64 KB of packed ids.
	MaxLeases = 4096
	// MaxBatch bounds the takes of one Checkout, and the returns of one Checkin.
	MaxBatch = 1024
	// MaxReplaces bounds the earlier requests that one Take names.
	MaxReplaces = 16
)

// Bounds of waiting in the queue.
const (
	// MaxWait is the longest Wait of a take in one call.
	MaxWait = 20 * time.Second
	// KeepPlace is the longest time for which a server keeps the place of a take while no call waits for it: see
	// [Hello.PlaceKept].
	KeepPlace = 10 * time.Second
)
