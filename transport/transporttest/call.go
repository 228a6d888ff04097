package transporttest

import (
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// Call is one request, as [Server.OnCall] and [Server.Tamper] see it. The slices are the caller's: a hook must neither
// keep nor change them.
type Call struct {
	Kind    Kind
	Address transport.Address  // where it was sent to
	Client  transport.Client   // who sent it
	Takes   []transport.Take   // of a checkout
	Leases  []messages.LeaseID // of a heartbeat
	Returns []transport.Return // of a checkin
}

// Reply is the answer to a [Call], for [Server.Tamper] to change.
type Reply struct {
	transport.Hello
	Outcomes  []transport.Outcome // of a checkout
	Ended     []transport.Ended   // of a heartbeat
	NotBefore time.Duration       // of a heartbeat
	// Err is nil in what the server answers. When a hook sets it, the call returns it, wrapped, instead of the reply.
	Err error
}

// clone returns a call that may be executed after its caller has gone.
func (c Call) clone() Call {
	c.Leases, c.Returns, c.Takes = slices.Clone(c.Leases), slices.Clone(c.Returns), slices.Clone(c.Takes)
	for i := range c.Takes {
		c.Takes[i].Replaces = slices.Clone(c.Takes[i].Replaces)
	}
	return c
}

// wellFormed reports whether the call keeps the bounds of the port.
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
