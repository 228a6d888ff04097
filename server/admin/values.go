package admin

import (
	"encoding/hex"
	"fmt"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server"
)

// Status is what a server says of itself.
type Status struct {
	ServerID string    `json:"server_id"`
	BootID   string    `json:"boot_id"`
	Epoch    uint64    `json:"epoch"`
	Started  time.Time `json:"started"`
	// LicenseTime is what licences are judged by, and ClockBehind how many seconds this machine's clock is behind it.
	LicenseTime time.Time `json:"license_time"`
	ClockBehind float64   `json:"clock_behind_seconds"`
	Draining    bool      `json:"draining"`
	Clients     int       `json:"clients"`
	Leases      int       `json:"leases"`
	Features    []Feature `json:"features"`
}

// Feature is the state of one feature.
type Feature struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Seats   int    `json:"seats"`
	Used    int    `json:"used"`
	// Overdraft is how many are granted past Seats, Overdrawn how many of those in use are past them.
	Overdraft int `json:"overdraft"`
	Overdrawn int `json:"overdrawn"`
	// Waiting is how many checkouts are in line for seats.
	Waiting int `json:"waiting"`
	// Share is whose leases hold one seat together: none, user, host or share.
	Share string `json:"share"`
	// Starts is when the first licence begins, if none has.
	Starts  *time.Time `json:"starts,omitempty"`
	Expires *time.Time `json:"expires,omitempty"`
	// Listed is false for a feature that no licence allows any more, with seats still held.
	Listed bool `json:"listed"`
}

// Lease is one lease that is held.
type Lease struct {
	Lease    string `json:"lease"`
	Feature  string `json:"feature"`
	Version  string `json:"version"`
	Count    int    `json:"count"`
	Identity string `json:"identity"`
	User     string `json:"user,omitempty"` // as the client claims
	Host     string `json:"host,omitempty"`
}

// Leases is a page of leases. Next asks for the one after it; 0 when this is the last.
type Leases struct {
	Leases []Lease `json:"leases"`
	Next   uint32  `json:"next"`
}

// release names the lease to end.
type release struct {
	Lease string `json:"lease"`
}

// failure is the body of every answer that is no.
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
		return id, fmt.Errorf("%q is no lease: expected are %d hexadecimal digits, from status", text, 2*len(id))
	}
	return messages.LeaseID(raw), nil
}
