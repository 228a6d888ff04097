package wire

import "time"

// Bounds that client and server agree on.
const (
	// MaxMessage is the greatest length of a message of either side, in bytes. A client splits a call that would be
	// longer; a server keeps its replies below it.
	MaxMessage = 128 << 10
	// IDLength is the length of a lease, request or instance id, in bytes.
	IDLength = 16
	// MaxLeases bounds the leases of one Heartbeat.
	MaxLeases = 4096
	// MaxBatch bounds the takes of a Checkout, and the leases and requests together of a Checkin.
	MaxBatch = 1024
	// MaxReplaces bounds the requests that one take replaces.
	MaxReplaces = 16
	// MaxLabel is the greatest length of a name, user, host or share string of a ConnectRequest, in bytes.
	MaxLabel = 256
	// MaxText is the greatest length of a message for people in an Outcome, in bytes. With it, a reply that refuses
	// MaxBatch takes stays below MaxMessage.
	MaxText = 80
	// MaxWait is the longest time that a take waits in one call, and KeepPlace the longest time for which its place in
	// the queue is kept while no call waits for it. Both are a third of the client timeout where that is less.
	MaxWait   = 20 * time.Second
	KeepPlace = 10 * time.Second
	// MinKeepalive is the shortest pause between two keepalive pings of a client. A server tolerates pings that come a
	// little more often, because a network may delay one and deliver it just before the next.
	MinKeepalive = 30 * time.Second
)
