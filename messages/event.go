package messages

import (
	"fmt"
	"reflect"
	"time"
)

// Event is a fact that a runtime tells its subscribers. The set is sealed: the structs of this package whose comments
// say when they are told. Values hold no reference into the runtime; a subscriber may keep them.
//
// Order: the events of one checkout arrive in the order in which they happened. Every RetryingFeature is followed by
// exactly one CheckoutSucceeded or CheckoutFailed of the same checkout, before any other event of it.
type Event interface {
	isEvent()
}

// Name returns the name of the event's type, for logs and JSON: "ConnectionLost".
func Name(e Event) string { return reflect.TypeOf(e).Name() }

// Terminal reports whether the event is never dropped, however slow its subscriber is: LicenseLost, Exited and
// DownLimitExceeded.
func Terminal(e Event) bool {
	switch e.(type) {
	case LicenseLost, Exited, DownLimitExceeded:
		return true
	default:
		return false
	}
}

// Claim names one checkout in events and errors.
type Claim struct {
	// ID is the number of the checkout within its runtime, from 1. No two checkouts of a runtime share it.
	ID      uint64  `json:"id"`
	Feature string  `json:"feature"`
	Version Version `json:"version"`
	Count   int     `json:"count"`
}

// String returns the claim for people: "f2 1.0 x1".
func (c Claim) String() string { return fmt.Sprintf("%s %s x%d", c.Feature, c.Version, c.Count) }

// Events that have a callback, named as the vendors' users know them.
type (
	// ConnectionLost: a heartbeat failed. Told once per connection and failed beat.
	ConnectionLost struct {
		Server   Server `json:"server"`
		Failed   int    `json:"failed"`   // beats failed in a row, from 1
		Cause    string `json:"cause"`    // the error of this beat
		Features int    `json:"features"` // checkouts held over this connection
	}
	// RetryingFeature: a server answered again and the feature is asked for there. Opens a pair.
	RetryingFeature struct {
		Claim
		Server Server `json:"server"`
	}
	// CheckoutSucceeded: the feature was granted again, or its lease resumed. Closes a pair.
	CheckoutSucceeded struct {
		Claim
		Server  Server `json:"server"`
		Resumed bool   `json:"resumed"` // the same lease as before: no seat was taken
		// Overdraft: the new lease is past the seats that were bought, which the licence allows for.
		Overdraft bool `json:"overdraft,omitempty"`
	}
	// CheckoutFailed: the feature was refused, or the pair ended otherwise. Closes a pair.
	CheckoutFailed struct {
		Claim
		Server  Server `json:"server"`
		Reason  Reason `json:"reason"`
		Message string `json:"message,omitempty"`
	}
	// Exited: the runtime gave up features since no server was reached. One event for all features of one connection
	// that give up together.
	Exited struct {
		Features int       `json:"features"` // how many gave up
		Names    []string  `json:"names"`    // the names of the first MaxExitedNames of them
		Servers  []Address `json:"servers"`  // those tried
		Failed   int       `json:"failed"`   // heartbeats failed in a row
		Cause    string    `json:"cause"`    // the last error
	}
)

// MaxExitedNames is the most names that an Exited event lists.
const MaxExitedNames = 20

// Further events.
type (
	// CheckedOut: a first checkout was granted.
	CheckedOut struct {
		Claim
		Server Server `json:"server"`
		Local  bool   `json:"local"` // a local licence: it is never beaten
		// Overdraft: the lease is past the seats that were bought, which the licence allows for.
		Overdraft bool `json:"overdraft,omitempty"`
	}
	// CheckedIn: the application returned the seats, or closed the runtime.
	CheckedIn struct {
		Claim
		Server Server `json:"server"`
	}
	// ServerRestarted: a server answered with another BootID than before. Told once, however often it restarted meanwhile.
	ServerRestarted struct {
		Server Server   `json:"server"`
		Old    Identity `json:"old"`
		New    Identity `json:"new"`
	}
	// ServerReplaced: another ServerID answered at the address, or the Epoch went down: the old leases are not known there.
	ServerReplaced struct {
		Server Server   `json:"server"`
		Old    Identity `json:"old"`
		New    Identity `json:"new"`
	}
	// FailedOver: the feature is now held from another server.
	FailedOver struct {
		Claim
		From Server `json:"from"`
		To   Server `json:"to"`
	}
	// LicenseLost: the license is gone; State says how. License.Done was closed before this is told.
	LicenseLost struct {
		Claim
		Server  Server `json:"server"`
		State   State  `json:"state"` // Lost, Exited or Unavailable
		Reason  Reason `json:"reason"`
		Message string `json:"message,omitempty"`
	}
	// LeaseAtRisk: soon the client timeout will have passed without an acknowledged heartbeat; the server may then give
	// the seats to somebody else. Told once per connection and break.
	LeaseAtRisk struct {
		Server   Server        `json:"server"`
		Features int           `json:"features"`
		Age      time.Duration `json:"age"`     // since the oldest acknowledged heartbeat was sent
		Timeout  time.Duration `json:"timeout"` // the client timeout
	}
	// ClockJumped: wall and monotonic time parted, as they do when a machine was suspended.
	ClockJumped struct {
		By time.Duration `json:"by"` // how much further the wall clock went
	}
	// OutageCounted: a server went down and came back.
	OutageCounted struct {
		Server Server        `json:"server"`
		Count  int           `json:"count"` // outages of this server within the window
		Max    int           `json:"max"`   // allowed, 0 when there is no limit
		Window time.Duration `json:"window"`
	}
	// DownLimitExceeded: a server had more outages within the window than allowed; every license ends as Unavailable.
	DownLimitExceeded struct {
		Server Server        `json:"server"`
		Count  int           `json:"count"`
		Max    int           `json:"max"`
		Window time.Duration `json:"window"`
		Until  time.Time     `json:"until"` // when the window has room again
	}
	// AvailabilityRestored: the outage window has room again; checkouts work.
	AvailabilityRestored struct{}
	// FeatureRestarted: a defect of the runtime hit the feature's actor, which was restarted.
	FeatureRestarted struct {
		Claim
		Cause string `json:"cause"`
	}
	// EventsDropped: this subscriber was too slow; Number events that were not terminal are missing here.
	EventsDropped struct {
		Number int `json:"number"`
	}
)

func (ConnectionLost) isEvent()       {}
func (RetryingFeature) isEvent()      {}
func (CheckoutSucceeded) isEvent()    {}
func (CheckoutFailed) isEvent()       {}
func (Exited) isEvent()               {}
func (CheckedOut) isEvent()           {}
func (CheckedIn) isEvent()            {}
func (ServerRestarted) isEvent()      {}
func (ServerReplaced) isEvent()       {}
func (FailedOver) isEvent()           {}
func (LicenseLost) isEvent()          {}
func (LeaseAtRisk) isEvent()          {}
func (ClockJumped) isEvent()          {}
func (OutageCounted) isEvent()        {}
func (DownLimitExceeded) isEvent()    {}
func (AvailabilityRestored) isEvent() {}
func (FeatureRestarted) isEvent()     {}
func (EventsDropped) isEvent()        {}
