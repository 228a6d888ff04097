package seats

import "github.com/seatbeat/seatbeat/messages"

// tally counts what happened to the seats of one pool since the server started.
type tally struct {
	denied  Denials
	expired int64
}

// Denials counts refused takes by reason: all reasons of refusals come before Unknown.
type Denials [messages.Unknown]int64

func (t *tally) deny(reason messages.Reason, n int) {
	if int(reason) < len(t.denied) {
		t.denied[reason] += int64(n)
	}
}

func (t *tally) expire() { t.expired++ }
