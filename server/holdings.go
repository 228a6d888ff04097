package server

import (
	"encoding/hex"
	"fmt"
)

// holdings are the seats of a pool by who took them, as many as its leases took: those that share seats count each.
type holdings struct {
	clients    map[uint32]int // by the client's index
	identities map[string]int
}

// add adds the seats of a lease, or takes them off.
func (h *holdings) add(c *client, seats int) {
	if h.clients == nil {
		h.clients, h.identities = make(map[uint32]int), make(map[string]int)
	}
	change(h.clients, c.index, seats)
	change(h.identities, c.holder.Identity, seats)
}

func change[K comparable](of map[K]int, key K, seats int) {
	if of[key] += seats; of[key] == 0 {
		delete(of, key)
	}
}

// told says what a client may know of who holds the seats: what it has itself, and what others with its identity have. The
// rest is with others, of whom it is told nothing.
func (h *holdings) told(c *client, share Share) string {
	own := h.clients[c.index]
	format := "(%d yours, %d of your identity)"
	if share != ShareNone {
		format = "(%d of yours share them, %d of your identity)"
	}
	return fmt.Sprintf(format, own, h.identities[c.holder.Identity]-own)
}

// maxHeldBy is how many who hold seats a denial names in the audit.
const maxHeldBy = 3

// heldBy is one who holds seats, for the audit.
type heldBy struct {
	Identity string `json:"identity"`
	Instance string `json:"instance"`
	User     string `json:"user,omitempty"`
	Host     string `json:"host,omitempty"`
	Seats    int    `json:"seats"`
}

// some returns up to maxHeldBy of those who hold seats, whichever come first.
func (h *holdings) some(clients *clients) (some []heldBy) {
	for index, seats := range h.clients {
		if len(some) == maxHeldBy {
			break
		}
		c := clients.get(index)
		by := heldBy{Identity: c.holder.Identity, Instance: hex.EncodeToString(c.holder.Instance[:]), Seats: seats}
		if said := c.labels.Load(); said != nil {
			by.User, by.Host = said.user, said.host
		}
		some = append(some, by)
	}
	return some
}
