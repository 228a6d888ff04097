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
	Draining bool      `json:"draining"`
	Clients  int       `json:"clients"`
	Leases   int       `json:"leases"`
	Features []Feature `json:"features"`
}

// Feature is the state of one feature.
type Feature struct {
	Name    string     `json:"name"`
	Version string     `json:"version"`
	Seats   int        `json:"seats"`
	Used    int        `json:"used"`
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
		Draining: s.Draining, Clients: s.Clients, Leases: s.Leases, Features: []Feature{},
	}
	for _, f := range s.Features {
		feature := Feature{Name: f.Name, Version: f.Version.String(), Seats: f.Seats, Used: f.Used, Listed: f.Listed}
		if !f.Expires.IsZero() {
			feature.Expires = &f.Expires
		}
		out.Features = append(out.Features, feature)
	}
	return out
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
