package server

import (
	"fmt"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// Feature is what a licence allows: a pool of seats of one feature.
type Feature struct {
	// Name is what a checkout asks for, by the bounds of [messages.Checkout]. Each name occurs once in a list.
	Name string
	// Version is the highest version served; lower ones are granted too, unless a checkout asks for an exact one.
	Version messages.Version
	// Seats is how many seats there are, 0 to MaxSeats.
	Seats int
	// Expires is when the licence runs out: from then on nothing is granted, and leases end with FeatureExpired. The
	// zero time means never.
	Expires time.Time
}

// MaxSeats is the highest number of seats of a Feature.
const MaxSeats = 1 << 30

// validateFeatures notes the faults of a list of features.
func validateFeatures(faults *messages.Faults, features []Feature) {
	seen := make(map[string]bool, len(features))
	for i, f := range features {
		field := fmt.Sprintf("Features[%d]", i)
		if err := (messages.Checkout{Feature: f.Name, Version: f.Version}).Validate(); err != nil {
			faults.Add(field, "cannot be checked out: %v", err)
		}
		if seen[f.Name] {
			faults.Add(field+".Name", "%q is in the list already: a feature has one pool", f.Name)
		}
		seen[f.Name] = true
		if f.Seats < 0 || f.Seats > MaxSeats {
			faults.Add(field+".Seats", "is %d: must be 0 to %d", f.Seats, MaxSeats)
		}
	}
}
