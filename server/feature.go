package server

import (
	"fmt"
	"time"

	"github.com/seatbeat/seatbeat/internal/faults"
	"github.com/seatbeat/seatbeat/messages"
)

// Feature is what a licence allows: a block of seats of one feature.
//
// Entries of a list with the same Name add up, each with its own Version, Seats, Overdraft and Expires. A seat serves its
// own version and lower ones; what is granted never needs more seats of any version than there are.
type Feature struct {
	// Name is what a checkout asks for, by the bounds of [messages.Checkout].
	Name string
	// Version is the highest version served; lower ones are granted too, unless a checkout asks for an exact one, which
	// is granted only if some block of the feature has this very version.
	Version messages.Version
	// Seats is how many seats there are, 0 to MaxSeats.
	Seats int
	// Overdraft is how many seats are granted past Seats, marked as such, 0 to MaxSeats.
	Overdraft int
	// Share says whose leases hold one seat together. Default ShareNone. Entries with the same Name must agree on it.
	Share Share
	// Starts is when the licence begins: until then the block grants nothing, and the feature is as if it were not in the
	// list when all of its blocks are like that. The zero time means at once. As one block begins in the moment in which
	// another ends, leases go on. A block that ends before it begins is none.
	Starts time.Time
	// Expires is when the licence runs out: from then on the block grants nothing, and when no other block of the
	// feature is left its leases end with FeatureExpired. The zero time means never.
	Expires time.Time
}

// MaxSeats is the highest number of seats of a Feature, and of its Overdraft.
const MaxSeats = 1 << 30

// validateFeatures notes the faults of a list of features.
func validateFeatures(faults *faults.List, features []Feature) {
	first := make(map[string]int, len(features))
	for i, f := range features {
		field := fmt.Sprintf("Features[%d]", i)
		f.validate(faults, field)
		if at, known := first[f.Name]; !known {
			first[f.Name] = i
		} else if share := features[at].Share; share != f.Share {
			faults.Add(field+".Share", "is %s, and that of Features[%d], of the same name, is %s: they must agree", f.Share, at, share)
		}
	}
}

func (f Feature) validate(faults *faults.List, field string) {
	if err := (messages.Checkout{Feature: f.Name, Version: f.Version}).Validate(); err != nil {
		faults.Add(field, "cannot be checked out: %v", err)
	}
	if f.Seats < 0 || f.Seats > MaxSeats {
		faults.Add(field+".Seats", "is %d: must be 0 to %d", f.Seats, MaxSeats)
	}
	if f.Overdraft < 0 || f.Overdraft > MaxSeats {
		faults.Add(field+".Overdraft", "is %d: must be 0 to %d", f.Overdraft, MaxSeats)
	}
	if f.Share >= shares {
		faults.Add(field+".Share", "is %s: must be one of none, user, host and share", f.Share)
	}
}
