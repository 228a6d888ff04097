package connection

import "github.com/seatbeat/seatbeat/actors/protocol"

// waitEnded says why those that wait for a session get none now.
type waitEnded struct {
	cause   string
	began   protocol.Instant // of the connect that failed; zero: there was none
	replied bool             // a server replied
	decided bool             // another connect would come to the same
}
