package connection

import (
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// Calls to the server. Each is performed outside the machine, under a deadline, and its result comes back as the input
// of the same seq.
type (
	// Connect reaches the server at the first address that leads to it. The result is Connected.
	Connect struct {
		Seq       uint64
		Addresses []messages.Address
		ServerID  string        // the server to look for; empty: any server
		Timeout   time.Duration // for each address
	}
	// SendBeat sends one heartbeat of all leases, in chunks. The result is BeatAnswered.
	SendBeat struct {
		Seq     uint64
		Session transport.Session
		Leases  []messages.LeaseID
		Timeout time.Duration
	}
	// Checkout asks for seats, in one call. The result is TakesAnswered.
	Checkout struct {
		Seq     uint64
		Session transport.Session
		Takes   []transport.Take
		Timeout time.Duration
	}
	// CheckinAll returns seats, in one call. The result is ReturnsAnswered.
	CheckinAll struct {
		Seq     uint64
		Session transport.Session
		Returns []transport.Return
		Timeout time.Duration
	}
	// CloseSession closes a session that is no longer used. It has no result.
	CloseSession struct{ Session transport.Session }
)

// Results of calls. An answer with another Seq than that of a call under way is stale and changes nothing.
type (
	// Connected is the result of Connect.
	Connected struct {
		protocol.Message
		Seq           uint64
		Address       messages.Address
		Session       transport.Session // nil: Err says why
		Hello         transport.Hello
		OtherSessions []protocol.Dialled // sessions to other servers, which answered at this server's addresses
		Err           error
	}
	// BeatAnswered is the result of SendBeat: the answers to its chunks, in the order of the leases.
	BeatAnswered struct {
		protocol.Message
		Seq    uint64
		Chunks []ChunkAnswer
	}
	// TakesAnswered is the result of Checkout.
	TakesAnswered struct {
		protocol.Message
		Seq   uint64
		Reply transport.CheckoutReply
		Err   error
	}
	// ReturnsAnswered is the result of CheckinAll.
	ReturnsAnswered struct {
		protocol.Message
		Seq   uint64
		Reply transport.CheckinReply
		Err   error
	}
)

// ChunkAnswer is the answer to one chunk of a heartbeat: Count leases, from the position From on.
type ChunkAnswer struct {
	From  int
	Count int
	Reply transport.HeartbeatReply
	Err   error
}

// Orders to the heartbeat timer.
type (
	// BeatEvery sets the interval; zero stops the timer.
	BeatEvery struct{ Interval time.Duration }
	// HoldBeats asks the timer for no heartbeat before the pause has passed.
	HoldBeats struct{ Pause time.Duration }
)

// IsEffect makes Connect a protocol.Effect.
func (Connect) IsEffect() {}

// IsEffect makes SendBeat a protocol.Effect.
func (SendBeat) IsEffect() {}

// IsEffect makes Checkout a protocol.Effect.
func (Checkout) IsEffect() {}

// IsEffect makes CheckinAll a protocol.Effect.
func (CheckinAll) IsEffect() {}

// IsEffect makes CloseSession a protocol.Effect.
func (CloseSession) IsEffect() {}

// IsEffect makes BeatEvery a protocol.Effect.
func (BeatEvery) IsEffect() {}

// IsEffect makes HoldBeats a protocol.Effect.
func (HoldBeats) IsEffect() {}
