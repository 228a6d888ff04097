package wire

import "time"

// What client and server have to agree on.
const (
	// MaxMessage is the longest message of either side, in bytes. A client splits a call that would be longer; a server
	// keeps its replies below it.
	MaxMessage = 128 << 10
	// IDLength is the length of a lease, request or instance id, in bytes.
	IDLength = 16
	// MaxLeases is the most leases that one Heartbeat names.
	MaxLeases = 4096
	// MaxBatch is the most takes of a Checkout, and the most leases and requests together of a Checkin.
	MaxBatch = 1024
	// MaxReplaces is the most requests that one take replaces.
	MaxReplaces = 16
	// MaxLabel is the longest name, user, host or share string of a ConnectRequest, in bytes.
	MaxLabel = 256
	// MaxText is the longest message for people in an Outcome, in bytes: with it a reply to MaxBatch takes, all refused,
	// stays below MaxMessage.
	MaxText = 80
	// MaxWait is the longest that a take waits in one call, and KeepPlace how long its place in line is kept, at most, while
	// no call waits for it; both are a third of the client timeout where that is less.
	MaxWait   = 20 * time.Second
	KeepPlace = 10 * time.Second
	// MinKeepalive is the shortest pause between two keepalive pings of a client. A server bears pings a little more
	// often than that, since a network may hold one back and deliver it close to the next.
	MinKeepalive = 30 * time.Second
)
