package messages

import (
	"fmt"
	"reflect"
	"time"
)

// Event is a fact that a runtime publishes to its subscribers. The set is sealed: its members are the structs of this
// file that the comments below describe. An event holds no reference into the runtime; a subscriber may keep it.
//
// The events of one checkout arrive in the order in which they happened. Every RetryingFeature is followed by exactly
// one CheckoutSucceeded or CheckoutFailed of the same checkout, before any other event of that checkout: the two are a
// pair (docs/rules.md, section 4).
type Event interface {
	isEvent()
}

// Name returns the name of the type of an event, for logs and JSON: "ConnectionLost".
func Name(e Event) string { return reflect.TypeOf(e).Name() }

// Terminal reports whether the event is never dropped, however slow its subscriber is: LicenseLost, Exited and
// DownLimitExceeded (docs/rules.md, section 4).
func Terminal(e Event) bool {
	switch e.(type) {
	case LicenseLost, Exited, DownLimitExceeded:
		return true
	default:
		return false
	}
}

// Claim identifies one checkout in events and errors.
type Claim struct {
	// ID is the number of the checkout within its runtime, from 1. The runtime never uses a number again.
	ID      uint64  `json:"id"`
	Feature string  `json:"feature"`
	Version Version `json:"version"`
	Count   int     `json:"count"` // of seats
}

// String returns the claim for people: "f2 1.0 x1".
func (c Claim) String() string { return fmt.Sprintf("%s %s x%d", c.Feature, c.Version, c.Count) }

// Events that have a callback in supervisor.Callbacks (docs/rules.md, section 4).
type (
	// ConnectionLost: a heartbeat failed. Published for each failed heartbeat, once per connection. Nothing is to be
	// done: the features stay usable and the runtime tries again.
	ConnectionLost struct {
		Server   Server `json:"server"`
		Failed   int    `json:"failed"`   // heartbeats that failed in a row, from 1
		Cause    string `json:"cause"`    // the error of this heartbeat
		Features int    `json:"features"` // checkouts that are held over this connection
	}
	// RetryingFeature: a server answered again, and the runtime resumes the lease or takes the seats again there. It
	// opens a pair. Nothing is to be done.
	RetryingFeature struct {
		Claim
		Server Server `json:"server"`
	}
	// CheckoutSucceeded: the lease was resumed, or the seats were granted again. It closes a pair. Nothing is to be
	// done.
	CheckoutSucceeded struct {
		Claim
		Server  Server `json:"server"`
		Resumed bool   `json:"resumed"` // the lease is the one of before: no seat was taken
		// Overdraft: the new lease is beyond the seats that were bought, which the licence allows.
		Overdraft bool `json:"overdraft,omitempty"`
	}
	// CheckoutFailed: the server refused the seats, or the pair ended for the reason that Reason names. It closes a
	// pair. Wait for the next event of the checkout: LicenseLost when the licence is gone, else the runtime goes on.
	CheckoutFailed struct {
		Claim
		Server  Server `json:"server"`
		Reason  Reason `json:"reason"`
		Message string `json:"message,omitempty"` // of the server or of the runtime
	}
	// Exited: the runtime gave up features because it reached no server. One event for all features of a connection
	// that are given up together; each of them has a LicenseLost, too. Shut the application down, or check out again
	// once a server is back.
	Exited struct {
		Features int       `json:"features"` // how many were given up
		Names    []string  `json:"names"`    // of the first MaxExitedNames of them
		Servers  []Address `json:"servers"`  // that were tried
		Failed   int       `json:"failed"`   // heartbeats that failed in a row
		Cause    string    `json:"cause"`    // the last error
	}
)

// MaxExitedNames bounds the names in an Exited event.
const MaxExitedNames = 20

// Events without a callback.
type (
	// CheckedOut: a first checkout was granted.
	CheckedOut struct {
		Claim
		Server Server `json:"server"`
		Local  bool   `json:"local"` // a local licence: it needs no heartbeats and never expires
		// Overdraft: the lease is beyond the seats that were bought, which the licence allows.
		Overdraft bool `json:"overdraft,omitempty"`
	}
	// CheckedIn: the application returned the seats, or closed the runtime.
	CheckedIn struct {
		Claim
		Server Server `json:"server"`
	}
	// ServerRestarted: a server answered with another BootID than before. Published once, however often the server
	// restarted in between. Nothing is to be done: the runtime resumes the leases.
	ServerRestarted struct {
		Server Server   `json:"server"`
		Old    Identity `json:"old"`
		New    Identity `json:"new"`
	}
	// ServerReplaced: another ServerID answered at the address, or the Epoch went down: the leases of before are not
	// known there. Nothing is to be done: the runtime takes the seats again. An administrator should know about it.
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
	// LicenseLost: the licence is gone; State says how. License.Done is closed before this event is published. Stop
	// using the feature; check out again when it is needed.
	LicenseLost struct {
		Claim
		Server  Server `json:"server"`
		State   State  `json:"state"` // StateLost, StateExited or StateUnavailable
		Reason  Reason `json:"reason"`
		Message string `json:"message,omitempty"` // of the server or of the runtime
	}
	// LeaseAtRisk: no heartbeat was acknowledged for almost the client timeout. When Age reaches Timeout, the server may
	// give the seats to another client. Published once per connection until the server answers again.
	LeaseAtRisk struct {
		Server   Server        `json:"server"`
		Features int           `json:"features"` // checkouts that are held over this connection
		Age      time.Duration `json:"age"`      // since the oldest acknowledged heartbeat was sent
		Timeout  time.Duration `json:"timeout"`  // the client timeout
	}
	// ClockJumped: the wall clock and the monotonic clock went apart, as they do while a machine is suspended. Nothing
	// is to be done: the runtime sends heartbeats at once.
	ClockJumped struct {
		By time.Duration `json:"by"` // how much further the wall clock went
	}
	// CertificateExpiring: the certificate by which servers know this client expires in 30, 7 or 1 day, told once each, or the
	// files of the transport could not be read anew. Renew the certificate under the same name: once it has expired, no
	// server answers, and all seats are lost.
	CertificateExpiring struct {
		Expires time.Time     `json:"expires"`
		Left    time.Duration `json:"left"`            // until then; negative when the certificate has expired
		Fault   string        `json:"fault,omitempty"` // why the files could not be read; what was read before is in use
	}
	// OutageCounted: a server was down, or restarted, and is up again.
	OutageCounted struct {
		Server Server        `json:"server"`
		Count  int           `json:"count"`  // outages of this server within the window
		Max    int           `json:"max"`    // that are allowed, 0 when there is no limit
		Window time.Duration `json:"window"` // length of the sliding window
	}
	// DownLimitExceeded: a server had more outages within the window than DownLimit.Max allows. Every licence ends as
	// Unavailable, and checkouts fail until AvailabilityRestored.
	DownLimitExceeded struct {
		Server Server        `json:"server"`
		Count  int           `json:"count"`  // outages of this server within the window
		Max    int           `json:"max"`    // that are allowed
		Window time.Duration `json:"window"` // length of the sliding window
		Until  time.Time     `json:"until"`  // when checkouts work again
	}
	// AvailabilityRestored: no server has more outages within the window than allowed any more. Checkouts work again.
	AvailabilityRestored struct{}
	// FeatureRestarted: a defect of the runtime made the actor of the feature panic, and the actor was restarted. The
	// feature goes on. Please report the cause as a bug.
	FeatureRestarted struct {
		Claim
		Cause string `json:"cause"`
	}
	// EventsDropped: this subscriber was too slow: Number events were dropped, none of them terminal. Make the subscriber
	// faster, or its buffer larger.
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
func (CertificateExpiring) isEvent()  {}
func (OutageCounted) isEvent()        {}
func (DownLimitExceeded) isEvent()    {}
func (AvailabilityRestored) isEvent() {}
func (FeatureRestarted) isEvent()     {}
func (EventsDropped) isEvent()        {}
