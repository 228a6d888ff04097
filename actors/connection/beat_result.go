package connection

import "github.com/seatbeat/seatbeat/transport"

// beatResult is what the answers to the chunks of one heartbeat come to.
type beatResult struct {
	kind      beatKind
	restarted bool            // the heartbeat was good, and its answer shows that the server restarted
	hello     transport.Hello // of the other server
	err       error           // why it failed; the refusal of the other server
}

type beatKind uint8

const (
	// beatGood: every chunk was answered.
	beatGood beatKind = iota
	// beatFailed: a chunk was refused, or not answered.
	beatFailed
	// beatVoid: an answer is from an older generation, or the server restarted between two chunks. The heartbeat is
	// sent again with all leases.
	beatVoid
	// beatOfOther: another server answered.
	beatOfOther
)
