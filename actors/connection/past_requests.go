package connection

import (
	"slices"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// pastRequests knows the requests of checkouts that live whose seats are no longer held, asked for or to be returned here.
// The server may have them all the same: it freed a lease that was not returned only if it ran, and a restart gives each
// lease in its ledger a new client timeout, also those of an older ledger. So the next take of the checkout replaces them
// (rule 9). Most checkouts never leave a request behind, and have no entry.
type pastRequests struct {
	of map[uint64]*past // by claim ID
}

// past is what one checkout has left behind, oldest first, transport.MaxReplaces of each kind at most.
type past struct {
	member  *protocol.Member
	settled []messages.RequestID // the server said that it has the seats back
	expired []messages.RequestID // the return was given up after the client timeout
}

func newPastRequests() pastRequests { return pastRequests{of: make(map[uint64]*past)} }

// track begins to keep what a checkout leaves behind. A checkout that has ended asks for nothing any more.
func (p *pastRequests) track(f *protocol.Member) {
	if p.of[f.ID()] == nil && !f.State().Final() {
		p.of[f.ID()] = &past{member: f}
	}
}

// settle notes that the server has the seats of a request back.
func (p *pastRequests) settle(claim uint64, request messages.RequestID) {
	if kept := p.of[claim]; kept != nil {
		kept.settle(request)
	}
}

// expire notes that a return was given up.
func (p *pastRequests) expire(claim uint64, request messages.RequestID) {
	if kept := p.of[claim]; kept != nil {
		kept.expire(request)
	}
}

// settled returns the requests of a checkout whose seats the server had back once.
func (p *pastRequests) settled(claim uint64) []messages.RequestID {
	if kept := p.of[claim]; kept != nil {
		return slices.Clone(kept.settled)
	}
	return nil
}

// takeExpired returns the requests of a checkout whose return was given up, once.
func (p *pastRequests) takeExpired(claim uint64) []messages.RequestID {
	if kept := p.of[claim]; kept != nil {
		return kept.takeExpired()
	}
	return nil
}

// forget is called when a checkout has ended.
func (p *pastRequests) forget(claim uint64) { delete(p.of, claim) }

// living returns the requests of the checkouts that have not ended.
func (p *pastRequests) living() pastRequests {
	n := newPastRequests()
	for claim, kept := range p.of {
		if !kept.member.State().Final() {
			n.of[claim] = kept
		}
	}
	return n
}

func (k *past) settle(request messages.RequestID) { k.settled = appendNewest(k.settled, request) }
func (k *past) expire(request messages.RequestID) { k.expired = appendNewest(k.expired, request) }

func (k *past) takeExpired() []messages.RequestID {
	expired := k.expired
	k.expired = nil
	return expired
}

// appendNewest adds a request to a list that does not have it, and drops the oldest one when the list is full.
func appendNewest(list []messages.RequestID, request messages.RequestID) []messages.RequestID {
	if slices.Contains(list, request) {
		return list
	}
	list = append(list, request)
	return list[max(0, len(list)-transport.MaxReplaces):]
}
