package server

import (
	"context"
	"fmt"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// Bounds of one page of [Server.Holders].
const (
	// MaxHolders is how many leases a page has at most.
	MaxHolders = 1000
	// holdersScan is how many slots the committer looks at for a page, so that callers do not wait behind it.
	holdersScan = 1 << 16
)

// Lease is a lease that is held, for an operator.
type Lease struct {
	ID      messages.LeaseID
	Feature string
	Version messages.Version // that was served
	Count   int
	Holder  Holder
	// User and Host are what the client says of itself, unproved; empty for one that has not connected since a restart.
	User, Host string
}

// HoldersQuery says which leases to return. The zero value asks for the first of all.
type HoldersQuery struct {
	// Feature narrows the leases to those of one feature; empty means all.
	Feature string
	// After is the Next of the page before.
	After uint32
}

// HoldersPage is a part of the leases.
type HoldersPage struct {
	// Leases may be fewer than there is room for, even none, when more are to come.
	Leases []Lease
	// Next asks for the next page; 0 when this is the last.
	Next uint32
}

// Holders returns a page of the leases that are held, in no particular order. Leases that come and go between two pages
// may be missed. It waits for the committer, until ctx ends.
func (s *Server) Holders(ctx context.Context, query HoldersQuery) (HoldersPage, error) {
	var page HoldersPage
	err := s.engine.administer(ctx, func(time.Duration) error {
		page = s.engine.book.holders(query)
		return nil
	})
	if err != nil {
		return HoldersPage{}, fmt.Errorf("holders of server: %w", err)
	}
	return page, nil
}

func (b *book) holders(query HoldersQuery) (page HoldersPage) {
	for number := query.After; number < b.used; number++ {
		if number-query.After == holdersScan || len(page.Leases) == MaxHolders {
			page.Next = number
			return page
		}
		e := b.at(number)
		if e.state != entryHeld {
			continue
		}
		if name := b.pools.all[e.pool].name; query.Feature == "" || query.Feature == name {
			page.Leases = append(page.Leases, b.leaseOf(number, e, name))
		}
	}
	return page
}

func (b *book) leaseOf(number uint32, e *entry, feature string) Lease {
	c := b.clients.get(e.client)
	l := Lease{
		ID: leaseID(number, b.table.secret(number)), Feature: feature,
		Version: b.grantOf(number, e).version, Count: int(e.count), Holder: c.holder,
	}
	if said := c.labels.Load(); said != nil {
		l.User, l.Host = said.user, said.host
	}
	return l
}

// labels are what a client says of itself.
type labels struct{ user, host string }

// label notes what a client says of itself.
func (cs *clients) label(h Holder, said *labels) {
	cs.mu.RLock()
	defer cs.mu.RUnlock()
	if c := cs.byInstance[h.Instance]; c != nil && c.holder == h {
		c.labels.Store(said)
	}
}
