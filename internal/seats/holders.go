package seats

import (
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
)

const (
	// MaxHolders is the maximum number of leases in a HoldersPage.
	MaxHolders = 1000
	// scanHolders is how many slots are read for one page. It is bounded so that other callers do not wait long.
	scanHolders = 1 << 16
)

// Lease is a lease that is held, for an operator.
type Lease struct {
	ID      messages.LeaseID
	Feature string
	Version messages.Version // that was served
	Count   int
	Holder  ledger.Holder
	// User and Host are claims of the client; empty while it has not connected since a restart.
	User, Host string
}

// HoldersQuery says which leases to return.
type HoldersQuery struct {
	Feature string // empty means all features
	After   uint32 // the Next of the previous page
}

// HoldersPage is a part of the leases.
type HoldersPage struct {
	Leases []Lease
	Next   uint32 // asks for the next page; 0 when this is the last
}
