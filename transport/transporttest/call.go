package transporttest

import (
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// Call is one call, as the hooks of [Server.OnCall] and [Server.Tamper] see it. The caller owns the slices: a hook must
// neither keep nor change them.
type Call struct {
	Kind    Kind
	Address transport.Address  // where the call was sent
	Client  transport.Client   // who sent the call
	Takes   []transport.Take   // of a checkout
	Leases  []messages.LeaseID // of a heartbeat
	Returns []transport.Return // of a checkin
}

// Reply is the answer to a [Call]. The hook of [Server.Tamper] may change it.
type Reply struct {
	transport.Hello
	Outcomes  []transport.Outcome // of a checkout
	Ended     []transport.Ended   // of a heartbeat
	NotBefore time.Duration       // of a heartbeat
	// Err is nil when the hook gets the reply. When the hook sets it, the call returns it, wrapped, instead of the
	// reply.
	Err error
}

// clone returns a copy that shares no slice with the caller, so that it may be executed after the caller has gone on.
func (c Call) clone() Call {
	c.Leases, c.Returns, c.Takes = slices.Clone(c.Leases), slices.Clone(c.Returns), slices.Clone(c.Takes)
	for i := range c.Takes {
		c.Takes[i].Replaces = slices.Clone(c.Takes[i].Replaces)
	}
	return c
}

// wellFormed reports whether the call keeps the bounds of package transport.
func (c *Call) wellFormed() bool {
	switch c.Kind {
	case Checkouts:
		return len(c.Takes) >= 1 && len(c.Takes) <= transport.MaxBatch
	case Heartbeats:
		return len(c.Leases) <= transport.MaxLeases
	case Checkins:
		return len(c.Returns) >= 1 && len(c.Returns) <= transport.MaxBatch
	default:
		return true
	}
}
