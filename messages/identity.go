package messages

import (
	"encoding/hex"
	"fmt"
)

// Address is where a licence server is reached: "host:port", or whatever the transport in use understands.
type Address string

// MaxServerID and MaxBootID bound the two names in an [Identity], in bytes.
const (
	MaxServerID = 64
	MaxBootID   = 64
)

// Identity is the identity of a server and of its process. Every reply of a server carries it.
type Identity struct {
	// ServerID names the ledger of the server. It persists over restarts. Two addresses with the same ServerID are one
	// server. 1 to MaxServerID bytes.
	ServerID string `json:"server_id"`
	// BootID is random at each start of the server process: another BootID means that the server restarted. 1 to
	// MaxBootID bytes.
	BootID string `json:"boot_id"`
	// Epoch grows at each start, and the ledger keeps it. A lower Epoch than before means that the server started from
	// an old backup, or that another server uses the ServerID.
	Epoch uint64 `json:"epoch"`
}

// Valid reports whether ServerID and BootID are set and within their bounds.
func (i Identity) Valid() bool {
	return i.ServerID != "" && len(i.ServerID) <= MaxServerID && i.BootID != "" && len(i.BootID) <= MaxBootID
}

// String returns the identity for people: "S1 boot b1 epoch 3".
func (i Identity) String() string {
	return fmt.Sprintf("%s boot %s epoch %d", i.ServerID, i.BootID, i.Epoch)
}

// Server identifies a server in events, errors and status.
type Server struct {
	// ID is the ServerID, empty while the server was never reached.
	ID string `json:"id,omitempty"`
	// Address is where the server was reached last, or tried last when it was never reached.
	Address Address `json:"address"`
}

// String returns the address, or the ID of a server whose address is not known: a store of outages has the ID alone.
func (s Server) String() string {
	if s.Address == "" {
		return s.ID
	}
	return string(s.Address)
}

// LeaseID identifies one lease: 16 bytes that no server ever uses again, so that the id is a fencing token, too. The
// zero value names no lease.
type LeaseID [16]byte

// String returns the id in hexadecimal.
func (id LeaseID) String() string { return hex.EncodeToString(id[:]) }

// RequestID identifies one attempt to take seats: 16 random bytes that the client draws. A repeat of the attempt has
// the same id and gets the same lease; a new attempt has a new id. The zero value names no request.
type RequestID [16]byte

// String returns the id in hexadecimal.
func (id RequestID) String() string { return hex.EncodeToString(id[:]) }
