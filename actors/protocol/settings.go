package protocol

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// Settings are the rules that the actors of one runtime go by: validated, with defaults filled in, never changed.
type Settings struct {
	Servers        []messages.Address // the search list
	Attempts       int                // failed beats in a row until a sweep; 0: the application beats by itself
	Interval       time.Duration      // between two beats of a connection
	FailoverRounds int                // beats in a row that may sweep before it is decided
	ConnectTimeout time.Duration      // for one server to answer a first checkout, a sweep or a connect
	EnforceTimeout bool               // features whose lease has timed out are lost

	Restarts RestartPolicy // after panics of our own

	CountOutages bool          // connections report outages, and wait for the decision before they recover
	DownMax      int           // outages of one server allowed within DownWindow; 0: any number
	DownWindow   time.Duration // the sliding window
	RestartsOnly bool          // only a changed BootID counts, not a server that was unreachable
}

// Automatic reports whether heartbeats are sent without the application's doing (rule 2).
func (s *Settings) Automatic() bool { return s.Attempts > 0 }
