package connection

import (
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// endLeases takes the leases that the server no longer holds out of the table and tells their features. An id that was
// not named in the beat is nonsense and ignored.
func (c *Machine) endLeases(fl *flight, chunks []ChunkAnswer) []protocol.Effect {
	var all tellBatch
	var last protocol.LeaseEnded
	for _, chunk := range chunks {
		next := chunk.From // servers list ended leases in the order named, so that the search is short
		for _, ended := range chunk.Reply.Ended {
			i, ok := find(fl.leases[chunk.From:chunk.From+chunk.Count], ended.Lease, next-chunk.From)
			if !ok {
				continue
			}
			i += chunk.From
			next = i + 1
			if s := fl.slots[i]; c.table.holds(s, ended.Lease) {
				c.table.drop(s)
				if in := (protocol.LeaseEnded{Connection: c.ref, Reason: ended.Reason}); in != last {
					all.next(&in)
					last = in
				}
				all.add(c.table.owner[s])
			}
		}
	}
	return all.effects()
}

// find returns the position of id in list, which is searched from the position start on and then from the beginning.
func find(list []messages.LeaseID, id messages.LeaseID, start int) (int, bool) {
	for n := range list {
		if i := (start + n) % len(list); list[i] == id {
			return i, true
		}
	}
	return 0, false
}
