// Package actors holds the actors of a runtime: features, connections, heartbeats, the down counter, and the directory at
// the top. Services do not import it; package supervisor does.
//
// Each actor is two files. x.go is a machine: it takes one input and returns effects, without clock, goroutine, framework
// or I/O. x_actor.go performs the effects and nothing else. I/O runs under a deadline in a goroutine of its own and comes
// back as a message; a message about something that has moved on is dropped, and a grant among them is returned.
//
// One truth each: leases, requests and failed counts live in the connection, the state of a checkout in its feature,
// Done in the handle. A beat is one exchange for all leases of a connection; features hear only of what changes.
//
// # Words
//
// The failed count is how many beats of a connection failed in a row; any answer but a refusal ends it. A break is at
// least one failed beat. The origin of a feature is the server that it is held from. A sweep is one pass over the search
// list: the other servers first, the origin last. A server is its ServerID, whatever addresses it answers at.
//
// # The rules
//
// Comments in this module cite them by number.
//
//  1. Heartbeats are for network licences. A local one is never beaten, and no failure of a server touches it.
//  2. They are off unless Attempts is positive; then a connection beats every Interval. Without, the application beats by
//     License.Heartbeat, and whatever that finds is repaired inside the call.
//  3. While all is well nothing is called, nothing logged, and no feature gets a message.
//  4. A beat has a deadline of min(30 s, Interval/2) and never overlaps another. It is good when every chunk was answered.
//     A refusal that asks to come back in time is no failure; any other refusal is. What we cancelled ourselves counts for
//     nothing. A failed beat is told once for its connection.
//  5. While fewer than Attempts beats have failed, only the origin is asked.
//  6. At Attempts, each feature sweeps. At the origin it asks by a beat of its lease while one may be left, so that no
//     lease is replaced which was not reported ended.
//  7. Another BootID in any reply is a restart, told once. Another ServerID at the address, or an Epoch that went down, is
//     a replacement: old leases are never named there. Answers from before what is known now are dropped.
//  8. After a break or a restart the whole list is beaten first. What the server still knows is resumed; only the rest is
//     taken again.
//  9. A re-checkout asks for the whole count and the version first asked for, with a new request id, and names the
//     earlier requests that it replaces.
//  10. A refusal with a retry-after is not yet an answer. Every other refusal is final and the application's to judge.
//  11. When a sweep ends, no rounds are left and no server was reached, the feature gives up. What gives up together is
//     told together; without a callback the process ends.
//  12. FailoverRounds failed beats in a row may sweep before that is decided.
//  13. The connection settles every take: one that nobody wants any more is cancelled at the server until that is
//     answered or the client timeout has passed, and its id is never used again.
//  14. Every final state returns everything the checkout ever had or asked for, on every server. What is owed is never
//     beaten.
//  15. Between beats a broken connection tries to reconnect, with exponential back-off and full jitter; such tries don't
//     count, and one that succeeds recovers the features at once.
//  16. A lease is as old as the acknowledged beat was sent, by the clock that says more. Shortly before the client timeout
//     the leases are at risk; with EnforceTimeout their features are then lost.
//  17. When wall and monotonic time part, every connection beats at once, and failures are forgiven for 30 s.
//  18. First beats have a random phase, intervals stray by a tenth, and a server's word when to come back is honoured up
//     to a third of the client timeout.
//  19. A checkin succeeds locally at once, connected or not.
//  20. Close checks every feature in and repeats each return until it is answered or its context ends; from then on
//     nothing exits.
//  21. A first checkout asks the servers in search order; each gets at most ConnectTimeout and an equal share of the
//     caller's deadline. With Wait, one that no server granted waits in line at the first that had no seats, until it is
//     granted, refused for good, or the caller leaves; its request is repeated as often as that needs.
//
// Outages: a server goes down with the first failed beat and comes up with the next answer; a restart is one outage, with
// failed beats or without. More than DownLimit.Max of one server within the window end every license. The counter decides
// before the connection lets its features recover.
//
// # Panics
//
// A panic is a defect of ours; the world's failures are messages. A feature that panicked asks its connection what it
// holds. A connection goes on with its table and has all features say again what they ask for; what was under way is owed.
// The directory is made anew from the connections, the counter from what it has counted.
package actors
