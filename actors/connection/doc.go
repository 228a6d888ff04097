// Package connection is the pure machine of one connection: one client's tie to one licence server. It connects, sends
// heartbeats, asks for seats and returns them, for all features that hold seats at that server or ask for some there, and
// it finds the way back after a break. A connection actor runs the machine: it gives it inputs and performs its effects.
// The machine does no I/O, has no clock and no goroutine; calls to the server are effects, and their results are inputs.
//
// # Where is what
//
// [Machine] (connection.go) is a router. Behind it are two kinds of parts, one type to a file. Only a part's own methods
// write its fields.
//
// Parts that know something. They order no effects; their methods return facts.
//
//	part           what it knows
//	peer           who the server is (identity, generation), its addresses, and whether other servers answer there
//	dialer         the session, the connect under way, and when to try again
//	throttle       everything that the server asked to wait for: every retry-after is here
//	beats          whether a heartbeat is due, under way, or needed for a recovery, and how many failed in a row
//	outageGate     what the outage counter is asked, and what waits for its decision
//	leaseTable     what features hold here, in columns
//	pendingTakes   the takes that wait to be sent or answered
//	pendingReturns the requests whose seats are still to be returned
//	checkouts      leases, takes and returns together: every request that the server may have executed is in one of the
//	               three (rules 13 and 14)
//
// Parts that handle inputs and order effects (through notices, which writes every message to a feature).
//
//	part       what it talks about                                        inputs
//	dialing    connects, and what their failure means                     Connected
//	server     the identity in every reply: restarts and replacements     Confirmed, AddressFound
//	heartbeats heartbeats: sent, good, failed, postponed                  BeatDue, BeatAnswered, OutageDecided, ClockJumped
//	schedule   the interval, and what the heartbeat timer is told         BeatsLost
//	leaseAge   leases that get too old                                    WakeUp
//	manual     the application's own heartbeats                           BeatOrder
//	taking     takes: asked for, granted, refused, repeated               TakeOrder, TakesAnswered
//	returning  returns: seats released, taken back                        ReleaseOrder, ReturnsAnswered
//
// The router itself handles what concerns several of them: TakeOrder at a server that was replaced, HoldingsQuery,
// ReplacedBy, TakenOver, AliasOf, DropEnded, Drain, and WakeUp. After each input it starts what has become possible,
// always in the same order: connect, else the heartbeat, then takes, then returns. rebuild.go makes the machine that goes
// on after a panic.
//
// # A failed heartbeat
//
// The heartbeat timer asks for a heartbeat with BeatDue. heartbeats.due notes in beats that it is due, and how long it may
// take. Then the router, in pump, lets heartbeats.start send all leases as one SendBeat. The call ends without an answer,
// and BeatAnswered comes back:
//
//  1. heartbeats.answered takes the heartbeat out of beats, and evaluates the answers of its chunks. server.learn looks
//     at the identity in each. Here there is none, so that the result is beatFailed.
//  2. heartbeats.failed closes the session (dialer), tells features that wait for the answer that there was none, and
//     ends the application's calls (manual). Had the server refused with a retry-after, then postpone would note it in
//     throttle, and the heartbeat would not have failed.
//  3. heartbeats.countFailure counts: beats.failed grows and the break begins, outageGate notes since when the server is
//     down, ConnectionLost is published, and at the first failure and from Attempts on the features are told.
//  4. leaseAge plans to look at the oldest lease, and dialer the next retry.
//
// When the retry is due, WakeUp comes: the router connects (dialing), and server.use goes on with the new session. beats
// still says that the features must be recovered, so that pump first sends a heartbeat of all leases and holds takes and
// returns back. Its good answer ends the break (heartbeats.good). If outages are counted, the answer waits in outageGate
// until the counter has decided; then heartbeats.apply tells each feature whether its lease was resumed or has ended
// (rule 8).
package connection
