package actors

import (
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/messages"
)

// Link is how everybody else knows a connection: where to send, and what it publishes of itself for Status.
// A Link lives as long as its runtime; two links are the same connection exactly if they are the same pointer.
type ConnectionRef struct {
	pid  *actor.PID
	base time.Time // what instants of wall time count from

	server    atomic.Pointer[messages.Server]
	failed    atomic.Int32
	features  atomic.Int64
	deadline  atomic.Int64 // wall time since base, in nanoseconds; 0 while nothing is held
	aliased   atomic.Bool
	outages   atomic.Int32  // within the window
	beats     atomic.Int64  // good ones
	failures  atomic.Int64  // beats that failed
	lastBeat  atomic.Int64  // wall time since base, in nanoseconds, when the last good beat was sent; 0: there was none
	lastReply *atomic.Int64 // when a server last replied to any link of the runtime, monotonic; shared by all of them
}

func NewConnectionRef(address messages.Address) *ConnectionRef {
	l := &ConnectionRef{lastReply: new(atomic.Int64)}
	l.server.Store(&messages.Server{Address: address})
	return l
}

// Server returns who the connection leads to. The ID is empty until the server was reached.
func (l *ConnectionRef) Server() messages.Server {
	if l == nil {
		return messages.Server{}
	}
	return *l.server.Load()
}

// Failed returns how many heartbeats failed in a row.
func (l *ConnectionRef) Failed() int {
	if l == nil {
		return 0
	}
	return int(l.failed.Load())
}

// Features returns how many checkouts are held or asked for over the connection.
func (l *ConnectionRef) Features() int { return int(l.features.Load()) }

// Outages returns how often the server went down and came back within the window; 0 when that is not counted.
func (l *ConnectionRef) Outages() int { return int(l.outages.Load()) }

// Beats returns how many heartbeats were good, and how many failed.
func (l *ConnectionRef) Beats() (good, failed int64) { return l.beats.Load(), l.failures.Load() }

// LastBeat returns when the last good heartbeat was sent; zero when there was none.
func (l *ConnectionRef) LastBeat() time.Time {
	n := l.lastBeat.Load()
	if n == 0 {
		return time.Time{}
	}
	return l.base.Add(time.Duration(n))
}

// Merged reports whether the address turned out to lead to a server that has another connection.
func (l *ConnectionRef) Aliased() bool { return l.aliased.Load() }

// hear notes that a server replied, at a monotonic time; a later one that is noted already stays.
func (l *ConnectionRef) noteReply(mono time.Duration) {
	for {
		was := l.lastReply.Load()
		if int64(mono) <= was || l.lastReply.CompareAndSwap(was, int64(mono)) {
			return
		}
	}
}

// heardSince reports whether any server replied to this runtime since then.
func (l *ConnectionRef) repliedSince(began Instant) bool {
	at := time.Duration(l.lastReply.Load())
	return at != 0 && at >= began.mono
}

// Deadline returns when the server may give the seats away unless a heartbeat is acknowledged before: the client
// timeout after the last acknowledged one was sent. It is zero while nothing was granted.
func (l *ConnectionRef) Deadline() time.Time {
	n := l.deadline.Load()
	if n == 0 {
		return time.Time{}
	}
	return l.base.Add(time.Duration(n))
}
