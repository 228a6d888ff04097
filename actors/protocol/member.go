package protocol

import (
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/messages"
)

// Member is one checkout as connections and the runtime know it: which actor to send to, what was checked out, and what
// the checkout's actor shows of its state. A connection keeps a pointer to the Member of each checkout that holds or asks
// for seats there. The Member lives as long as the application's handle, longer than the actor.
//
// PID, Claim and Exact are set before the actor is started and never change; any goroutine may read them. The methods
// are safe for concurrent use.
type Member struct {
	PID   *actor.PID
	Claim messages.Claim
	Exact bool // only the exact version will do

	shown  atomic.Uint32 // the state, and localBit
	origin atomic.Pointer[ConnectionRef]
}

// localBit is set in Member.shown while the seats are from a local licence.
const localBit = 1 << 8

// ID returns the number of the checkout within its runtime.
func (m *Member) ID() uint64 { return m.Claim.ID }

// State returns the state that the checkout's actor showed last.
func (m *Member) State() messages.State { return messages.State(m.shown.Load() &^ localBit) }

// Local reports whether the seats are from a local licence.
func (m *Member) Local() bool { return m.shown.Load()&localBit != 0 }

// Origin returns the connection that the seats are from; nil until the first grant.
func (m *Member) Origin() *ConnectionRef { return m.origin.Load() }

// Show replaces what State, Origin and Local return. The checkout's actor calls it.
func (m *Member) Show(state messages.State, origin *ConnectionRef, local bool) {
	shown := uint32(state)
	if local {
		shown |= localBit
	}
	m.shown.Store(shown)
	m.origin.Store(origin)
}

// SetCheckout says what is checked out, before the checkout's actor is started. It leaves the number as it is.
func (m *Member) SetCheckout(c messages.Checkout) {
	m.Claim = messages.Claim{ID: m.Claim.ID, Feature: c.Feature, Version: c.Version, Count: c.Seats()}
	m.Exact = c.Exact
}

// SetID gives the checkout its number, before its actor is started.
func (m *Member) SetID(id uint64) { m.Claim.ID = id }

// SetPID says which actor the checkout has, before the actor gets its first message.
func (m *Member) SetPID(pid *actor.PID) { m.PID = pid }
