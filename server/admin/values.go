package admin

import (
	"encoding/hex"
	"fmt"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server"
)

// Status is the status of a server.
type Status struct {
	ServerID string    `json:"server_id"`
	BootID   string    `json:"boot_id"`
	Epoch    uint64    `json:"epoch"`
	Started  time.Time `json:"started"`
	// LicenseTime is the time by which licences are judged: the clock of the machine, or the latest time in the ledger if
	// that is later.
	LicenseTime time.Time `json:"license_time"`
	// ClockBehind is how far the clock of the machine is behind LicenseTime, in seconds.
	ClockBehind float64 `json:"clock_behind_seconds"`
	// Draining is true once the server asks clients to come back later.
	Draining bool `json:"draining"`
	// Clients counts the clients that the server remembers, Leases the leases they hold.
	Clients  int       `json:"clients"`
	Leases   int       `json:"leases"`
	Features []Feature `json:"features"`
}

// Feature is the status of one feature.
type Feature struct {
	Name    string `json:"name"`
	Version string `json:"version"` // the highest that is licensed
	// Seats is how many seats are licensed, Used how many are in use.
	Seats int `json:"seats"`
	Used  int `json:"used"`
	// Overdraft is how many seats may be granted beyond Seats. Overdrawn is how many seats in use are beyond Seats.
	Overdraft int `json:"overdraft"`
	Overdrawn int `json:"overdrawn"`
	// Waiting is how many checkouts wait for a seat.
	Waiting int `json:"waiting"`
	// Share says whose leases use one seat together: none, user, host or share.
	Share string `json:"share"`
	// Starts is when the first licence starts. It is nil if one has started.
	Starts *time.Time `json:"starts,omitempty"`
	// Expires is when the last licence expires. It is nil if it never does.
	Expires *time.Time `json:"expires,omitempty"`
	// Listed is false if the feature is no longer licensed but some of its seats are still in use.
	Listed bool `json:"listed"`
}

// Lease is a lease that a client holds.
type Lease struct {
	Lease    string `json:"lease"`
	Feature  string `json:"feature"`
	Version  string `json:"version"`
	Count    int    `json:"count"`
	Identity string `json:"identity"` // proven by the client's certificate
	// User and Host are what the client says about itself. They are not verified.
	User string `json:"user,omitempty"`
	Host string `json:"host,omitempty"`
}

// Leases is a page of leases. The next page comes after Next, which is 0 on the last page.
type Leases struct {
	Leases []Lease `json:"leases"`
	Next   uint32  `json:"next"`
}

// release is the body of a request to revoke a lease.
type release struct {
	Lease string `json:"lease"`
}

// failure is the body of every reply that reports an error.
type failure struct {
	Error string `json:"error"`
}

func statusOf(s server.Status, started time.Time) Status {
	out := Status{
		ServerID: s.Identity.ServerID, BootID: s.Identity.BootID, Epoch: s.Identity.Epoch, Started: started,
		LicenseTime: s.LicenseTime, ClockBehind: s.ClockBehind.Seconds(), Draining: s.Draining,
		Clients: s.Clients, Leases: s.Leases, Features: []Feature{},
	}
	for _, f := range s.Features {
		out.Features = append(out.Features, Feature{
			Name: f.Name, Version: f.Version.String(), Seats: f.Seats, Used: f.Used, Overdraft: f.Overdraft, Overdrawn: f.Overdrawn,
			Waiting: f.Waiting, Share: f.Share.String(), Starts: optional(f.Starts), Expires: optional(f.Expires), Listed: f.Listed,
		})
	}
	return out
}

// optional returns nil for the zero time.
func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func leasesOf(page server.HoldersPage) Leases {
	out := Leases{Leases: []Lease{}, Next: page.Next}
	for _, l := range page.Leases {
		out.Leases = append(out.Leases, Lease{
			Lease: l.ID.String(), Feature: l.Feature, Version: l.Version.String(), Count: l.Count,
			Identity: l.Holder.Identity, User: l.User, Host: l.Host,
		})
	}
	return out
}

func leaseID(text string) (id messages.LeaseID, err error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(id) {
		return id, fmt.Errorf("%q is not a lease: must be %d hexadecimal digits, from the LEASE column of seatbeatd status", text, 2*len(id))
	}
	return messages.LeaseID(raw), nil
}
