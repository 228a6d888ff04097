package seats

import (
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
)

const (
	// MaxHolders is how many leases a HoldersPage has at most.
	MaxHolders = 1000
	// scanHolders is how many slots are looked at for one page, so that callers do not wait behind it.
	scanHolders = 1 << 16
)

// Lease is a lease that is held, for an operator.
type Lease struct {
	ID      messages.LeaseID
	Feature string
	Version messages.Version // that was served
	Count   int
	Holder  ledger.Holder
	// User and Host are what the client says about itself; empty while it has not connected since a restart.
	User, Host string
}

// HoldersQuery says which leases to return.
type HoldersQuery struct {
	Feature string // empty means all features
	After   uint32 // the Next of the page before
}

// HoldersPage is a part of the leases.
type HoldersPage struct {
	Leases []Lease
	Next   uint32 // asks for the next page; 0 when this is the last
}
