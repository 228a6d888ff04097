package messages

import (
	"encoding/hex"
	"fmt"
)

// Address is where a licence server is reached: "host:port", in the form that the transport in use understands.
type Address string

// MaxServerID and MaxBootID bound the two names in an [Identity], in bytes.
const (
	MaxServerID = 64
	MaxBootID   = 64
)

// Identity says which life of which server answered. Every reply of a server carries it.
type Identity struct {
	// ServerID names the ledger that the server serves from. It persists over restarts; two addresses with the same
	// ServerID are one server. 1 to MaxServerID bytes.
	ServerID string `json:"server_id"`
	// BootID is drawn at random at each start of the server process: another BootID means that it restarted.
	// 1 to MaxBootID bytes.
	BootID string `json:"boot_id"`
	// Epoch grows durably at each start. A lower one than seen before means a restored backup or an impostor.
	Epoch uint64 `json:"epoch"`
}

// Valid reports whether the identity names a server at all, within the bounds of its fields.
func (i Identity) Valid() bool {
	return i.ServerID != "" && len(i.ServerID) <= MaxServerID && i.BootID != "" && len(i.BootID) <= MaxBootID
}

// String returns the identity for people: "S1 boot 4f… epoch 3".
func (i Identity) String() string {
	return fmt.Sprintf("%s boot %s epoch %d", i.ServerID, i.BootID, i.Epoch)
}

// Server names a server in events and in status: who it is and where it was last reached.
type Server struct {
	// ID is the server's ServerID, empty while it was never reached.
	ID string `json:"id,omitempty"`
	// Address is where it was reached, or tried, last.
	Address Address `json:"address"`
}

// String returns the address, for people, or the ID of a server that only a store knows of.
func (s Server) String() string {
	if s.Address == "" {
		return s.ID
	}
	return string(s.Address)
}

// LeaseID names one lease: 16 bytes that a server never uses again, so that the id is its own fence.
// The zero value names no lease.
type LeaseID [16]byte

// String returns the id in hexadecimal.
func (id LeaseID) String() string { return hex.EncodeToString(id[:]) }

// RequestID names one attempt to take seats: 16 random bytes drawn by the client. A repeat of the same attempt uses the
// same id and gets the same answer; a new attempt has a new id. The zero value names no request.
type RequestID [16]byte

// String returns the id in hexadecimal.
func (id RequestID) String() string { return hex.EncodeToString(id[:]) }
