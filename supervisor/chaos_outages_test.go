package supervisor

import (
	"slices"

	"github.com/seatbeat/seatbeat/messages"
)

// outages checks that each outage is counted once: every count must have a reason that was not counted before.
type outages struct {
	reasons   map[string]int              // by ServerID: failed heartbeats and restarts since the last count
	counted   map[string]int              // by ServerID, and by address: the latest count
	newcomers map[string]bool             // ServerIDs that replaced another one
	last      map[messages.Address]string // the ServerID that was counted last at each address
	excused   int                         // counts without a reason, whose event a panic may have lost
	tripped   bool                        // the limit was exceeded at least once
}

// note notes a reason to count an outage of these servers.
func (o *outages) note(servers ...string) {
	if o.reasons == nil {
		o.reasons, o.counted = map[string]int{}, map[string]int{}
		o.newcomers, o.last = map[string]bool{}, map[messages.Address]string{}
	}
	for _, id := range servers {
		o.reasons[id]++
	}
}

// replaced notes that another server answers: at each of its addresses that is an outage of the address.
func (o *outages) replaced(by string) {
	o.note(by)
	o.newcomers[by] = true
}

func (s *eventChecker) outageCounted(e messages.OutageCounted) {
	o := &s.outages
	o.note()
	if o.reasons[e.Server.ID] == 0 && !(o.newcomers[e.Server.ID] && o.last[e.Server.Address] != e.Server.ID) {
		o.excused++
	}
	if o.excused > s.sim.faults.panics() {
		s.sim.report("an outage of %s was counted, but nothing happened to it since the last one", e.Server.ID)
	}
	before := o.counted[e.Server.ID]
	for _, address := range s.sim.addressesWith(e.Server.Address) {
		before = max(before, o.counted[string(address)])
	}
	before += 2 * s.moves // an address that led to another server for a while, and back: two outages of it, perhaps untold
	if e.Count < 1 || e.Count > before+1 {
		s.sim.report("outage %d of %s was counted after %d", e.Count, e.Server.ID, before)
	}
	o.reasons[e.Server.ID], o.counted[e.Server.ID] = 0, e.Count
	o.counted[string(e.Server.Address)], o.last[e.Server.Address] = e.Count, e.Server.ID
}

// addressesWith returns the addresses of the server that has this one: what happens to the server happens at all of them,
// though the outage is told once.
func (sim *simulation) addressesWith(address messages.Address) []messages.Address {
	for _, s := range sim.servers {
		if slices.Contains(s.addresses, address) {
			return s.addresses
		}
	}
	return []messages.Address{address}
}
