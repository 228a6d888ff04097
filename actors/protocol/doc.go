// Package protocol is what the actors of a runtime say to each other, and the values they share.
//
// # Who says what to whom
//
//	application -> feature     Begin, Cancelled, Checkin, HeartbeatNow
//	runtime     -> feature     Closed, DownLimit, AskAgain
//	feature     -> runtime     TakeOrder (for an address), ReleaseOrder, HoldingsQuery, GaveUp
//	feature     -> connection  TakeOrder (for the origin), BeatOrder
//	connection  -> feature     SeatGranted, SeatRefused, SeatUnanswered,
//	                           HeartbeatFailed, LeaseResumed, LeaseEnded, LeaseTimedOut, ServerRegained,
//	                           OriginReplaced, Holdings, RestartsUsedUp
//	connection  -> runtime     Identify, OtherServerFound, Drained
//	runtime     -> connection  Confirmed, AliasOf, AddressFound, ReplacedBy, ClockJumped, Drain, DropEnded,
//	                           and the orders of features, forwarded
//	connection  -> connection  TakeOrder, TakenOver
//	connection  -> heartbeat   PaceBeats, PauseBeats
//	heartbeat   -> connection  BeatDue, BeatsLost
//	connection  -> counter     ServerSeen
//	counter     -> connection  OutageDecided
//
// Nobody changes a message after it was sent. A receiver drops a message that is about something that has moved on: each
// names its take, connection or call for that.
//
// # Machines, inputs and effects
//
// A machine is a struct with a method Step, which takes the time and one Input, and returns Effects: orders for the actor
// that runs the machine. A machine has no clock, goroutine or I/O, and imports no actor framework. An effect that only the
// machine's own actor reads is declared beside the machine; an effect that others read is declared here.
package protocol
