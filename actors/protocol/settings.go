package protocol

import (
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// Settings are the rules of one runtime. The supervisor has validated them and filled in the defaults; they never change.
type Settings struct {
	Servers        []messages.Address // the search list
	Attempts       int                // failed heartbeats in a row that begin a failover round; 0: the application beats by itself
	Interval       time.Duration      // between two heartbeats of a connection
	FailoverRounds int                // failed heartbeats in a row that begin a round before the feature may exit (rule 12)
	ConnectTimeout time.Duration      // for one server to answer a connect, or a take of a first checkout or a round
	EnforceTimeout bool               // a feature whose lease has timed out is lost (rule 16)

	Restarts RestartPolicy // of actors that panicked

	CountOutages bool          // connections report outages, and wait for the counter before their features recover
	DownMax      int           // outages of one server that are allowed within DownWindow; 0: any number
	DownWindow   time.Duration // a sliding window
	RestartsOnly bool          // only a changed BootID counts as an outage, not a server that was unreachable
}

// Automatic reports whether the runtime sends heartbeats by itself (rule 2).
func (s *Settings) Automatic() bool { return s.Attempts > 0 }
