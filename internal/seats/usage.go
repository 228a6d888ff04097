package seats

import (
	"encoding/hex"
	"fmt"

	"github.com/seatbeat/seatbeat/server/license"
)

// usage is the seats of a pool by holder. Every lease counts, even if it shares seats.
type usage struct {
	clients    map[uint32]int // by the client's index
	identities map[string]int
}

// add adds seats to those of a client. seats is negative when a lease ends.
func (u *usage) add(c *Client, seats int) {
	if u.clients == nil {
		u.clients, u.identities = make(map[uint32]int), make(map[string]int)
	}
	addTo(u.clients, c.index, seats)
	addTo(u.identities, c.holder.Identity, seats)
}

func addTo[K comparable](all map[K]int, key K, seats int) {
	if all[key] += seats; all[key] == 0 {
		delete(all, key)
	}
}

// describe returns the text about the holders of seats that a client may know: how many seats the client holds, and how
// many other clients with its identity hold. It says nothing about clients with other identities. Replies are cut to
// wire.MaxText bytes, so the text is short.
func (u *usage) describe(c *Client, share license.Share) string {
	own := u.clients[c.index]
	format := "(you %d, your other clients %d)"
	if share != license.ShareNone {
		format = "(shared: you %d, your other clients %d)"
	}
	return fmt.Sprintf(format, own, u.identities[c.holder.Identity]-own)
}

// maxSample is how many clients that hold seats the audit record of a denial names.
const maxSample = 3

// SeatHolder is the audit's view of a client that holds seats.
type SeatHolder struct {
	Identity string `json:"identity"`
	Instance string `json:"instance"`
	User     string `json:"user,omitempty"`
	Host     string `json:"host,omitempty"`
	Seats    int    `json:"seats"`
}

// sample returns up to maxSample clients that hold seats, in no particular order.
func (u *usage) sample(clients *Clients) (some []SeatHolder) {
	for index, seats := range u.clients {
		if len(some) == maxSample {
			break
		}
		c := clients.get(index)
		holder := SeatHolder{Identity: c.holder.Identity, Instance: hex.EncodeToString(c.holder.Instance[:]), Seats: seats}
		if info := c.info.Load(); info != nil {
			holder.User, holder.Host = info.User, info.Host
		}
		some = append(some, holder)
	}
	return some
}
