package protocol

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/messages"
)

// ConnectionRef is how everybody else knows a connection: which actor to send to, and what the connection shows of itself
// for Status. It lives as long as its runtime. Two references are to the same connection exactly if they are the same
// pointer. Its methods are safe for concurrent use, except Started, which is called before others have the reference.
type ConnectionRef struct {
	pid  *actor.PID
	base time.Time // the wall clock when the runtime started; instants count from it

	server    atomic.Pointer[messages.Server]
	failed    atomic.Int32 // heartbeats that failed in a row
	features  atomic.Int64
	deadline  atomic.Int64 // wall time since base, in nanoseconds; 0 while nothing is held
	deadlines sync.Map     // with heartbeats by hand: claim ID to the deadline of one checkout, as wall time since base
	aliased   atomic.Bool
	outages   atomic.Int32  // within the window
	goodBeats atomic.Int64  // since the runtime started
	badBeats  atomic.Int64  // since the runtime started
	lastBeat  atomic.Int64  // wall time since base, in nanoseconds, when the last good heartbeat was sent; 0: there was none
	lastReply *atomic.Int64 // monotonic time when any server of the runtime last replied; shared by all its connections
}

// NewConnectionRef returns a reference to a connection of which only the address is known. sibling is any other
// connection of the same runtime; nil if there is none yet.
func NewConnectionRef(address messages.Address, sibling *ConnectionRef) *ConnectionRef {
	r := &ConnectionRef{lastReply: new(atomic.Int64)}
	if sibling != nil {
		r.lastReply = sibling.lastReply
	}
	r.server.Store(&messages.Server{Address: address})
	return r
}

// Started says which actor the connection has. base is the wall clock when the runtime started.
func (r *ConnectionRef) Started(pid *actor.PID, base time.Time) { r.pid, r.base = pid, base }

// PID returns the connection's actor.
func (r *ConnectionRef) PID() *actor.PID { return r.pid }

// Server returns the server at the other end. The ID is empty until the server was reached.
func (r *ConnectionRef) Server() messages.Server {
	if r == nil {
		return messages.Server{}
	}
	return *r.server.Load()
}

// SetServer notes which server is at the other end, and where.
func (r *ConnectionRef) SetServer(server messages.Server) { r.server.Store(&server) }

// Failed returns how many heartbeats failed in a row.
func (r *ConnectionRef) Failed() int {
	if r == nil {
		return 0
	}
	return int(r.failed.Load())
}

// Features returns how many checkouts are held or asked for over the connection.
func (r *ConnectionRef) Features() int { return int(r.features.Load()) }

// Show replaces what Failed, Features and Deadline return. deadline is the wall time since the runtime started, 0 while
// nothing is held.
func (r *ConnectionRef) Show(failed, features int, deadline time.Duration) {
	r.failed.Store(int32(failed))
	r.features.Store(int64(features))
	r.deadline.Store(int64(deadline))
}

// Deadline returns when the server may give the seats away unless a heartbeat is acknowledged before: one client timeout
// after the last acknowledged heartbeat was sent. It is zero while nothing is held.
func (r *ConnectionRef) Deadline() time.Time { return r.at(r.deadline.Load()) }

// DeadlineOf returns the same of one checkout, with heartbeats by hand: there each has a deadline of its own.
func (r *ConnectionRef) DeadlineOf(claim uint64) time.Time {
	at, _ := r.deadlines.Load(claim)
	deadline, _ := at.(time.Duration)
	return r.at(int64(deadline))
}

// ShowDeadlineOf replaces what DeadlineOf returns, as wall time since the runtime started. 0 forgets the checkout.
func (r *ConnectionRef) ShowDeadlineOf(claim uint64, deadline time.Duration) {
	if deadline == 0 {
		r.deadlines.Delete(claim)
		return
	}
	r.deadlines.Store(claim, deadline)
}

// at converts wall time since base, in nanoseconds; 0 is no time at all.
func (r *ConnectionRef) at(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return r.base.Add(time.Duration(n))
}

// Outages returns how often the server went down and came back within the window; 0 when outages are not counted.
func (r *ConnectionRef) Outages() int { return int(r.outages.Load()) }

// SetOutages replaces what Outages returns.
func (r *ConnectionRef) SetOutages(n int) { r.outages.Store(int32(n)) }

// Beats returns how many heartbeats were good, and how many failed.
func (r *ConnectionRef) Beats() (good, failed int64) { return r.goodBeats.Load(), r.badBeats.Load() }

// CountGoodBeat counts a good heartbeat that was sent at that instant.
func (r *ConnectionRef) CountGoodBeat(sent Instant) {
	r.goodBeats.Add(1)
	r.lastBeat.Store(int64(sent.Wall))
}

// CountFailedBeat counts a failed heartbeat.
func (r *ConnectionRef) CountFailedBeat() { r.badBeats.Add(1) }

// LastBeat returns when the last good heartbeat was sent; zero when there was none.
func (r *ConnectionRef) LastBeat() time.Time { return r.at(r.lastBeat.Load()) }

// Aliased reports whether the connection's address turned out to lead to a server that has another connection.
func (r *ConnectionRef) Aliased() bool { return r.aliased.Load() }

// SetAliased makes Aliased return true, for good.
func (r *ConnectionRef) SetAliased() { r.aliased.Store(true) }

// NoteReply notes that a server replied, to anything, at a monotonic time. Of two times the later one counts.
func (r *ConnectionRef) NoteReply(mono time.Duration) {
	for {
		was := r.lastReply.Load()
		if int64(mono) <= was || r.lastReply.CompareAndSwap(was, int64(mono)) {
			return
		}
	}
}

// RepliedSince reports whether any server replied to this runtime since then.
func (r *ConnectionRef) RepliedSince(began Instant) bool {
	at := time.Duration(r.lastReply.Load())
	return at != 0 && at >= began.Mono
}
