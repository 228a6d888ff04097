// Package server is seatbeat's licence server, to be embedded in a program or a test: it grants seats of features as
// leases, frees those that no heartbeat names any more, and never issues more seats than a feature has.
//
//	srv, err := server.New(server.Config{
//		Ledger:   ledger,
//		Features: []server.Feature{{Name: "f2", Version: messages.V(1, 0), Seats: 10}},
//		TLS:      tlsConfig,
//	})
//	...
//	err = srv.Serve(listener) // until Stop
//
// # What is durable
//
// Grants and ends are in the [Ledger] before they are answered; heartbeats never are. After a restart on the same
// ledger every lease is back with a full, fresh client timeout: a restart can neither free a seat that is in use nor
// issue it twice. The ServerID stays, the Epoch has grown, the BootID is new.
//
// # Requests, repeats and tombstones
//
// A request id belongs to one client: to the identity in its certificate and the instance it connected with. A take
// whose request is known is not executed again. It gets the grant that it got before while that lease lives, and is
// told that it is gone, with the reason, once the lease has ended. Ended leases and cancelled requests are remembered
// for two client timeouts after their end, also across restarts; cancelling or replacing a request that never arrived
// is remembered in the same way, so that it is not executed when it arrives late.
//
// A take that names requests to replace frees them and grants in one step. When it is refused it changes nothing at
// all: neither are those freed, nor is anything remembered. It is refused as Revoked when it names a revoked lease.
//
// # Waiting in line
//
// A take that may wait, alone in its call, stands in the line of its feature: first come, first served, of whatever
// version. A first one that needs more seats than are free holds up those behind it, so that it is not starved. What takes
// no further seats does not stand in line: a take that replaces as many, or one that shares those of its group. The lines
// are bounded by [Limits], and end with a drain; a restart forgets them.
//
// # Sessions
//
// An instance has one session, whatever addresses it connects by: a later Connect supersedes it, and calls of the older
// session fail as if the server had not been reached. A session that the server has not seen is one from before a
// restart: it is adopted. While an instance is remembered, nobody with another identity can use it.
//
// # Blocks, overdraft and sharing
//
// A feature may be listed several times: its seats add up, each block with its own version and end. A take is granted
// while a block of its version or a higher one has room; what was granted from a lower version does not take the seats of
// a higher one as long as both fit. When a block has run out its seats are gone, and once all have, leases end as
// FeatureExpired. After a list with fewer seats than are held nothing ends: there are no new grants until enough came
// back.
//
// Overdraft is granted past the seats, and is marked so in the grant, in the ledger, in the audit and in the metrics.
//
// Leases of a feature with a [Share] are counted in groups, each of which holds as many seats as its largest lease, until
// the last has ended. Who belongs together is read from the certificate where that says so, and else is what clients
// claim. A client that goes on with its session after a restart says it again with each Checkout.
//
// # The time of licences
//
// Licences are judged by [Server.LicenseTime], which is the wall clock but never earlier than what the ledger has seen:
// what ran out stays so when the clock is set back. The latest time is kept at each start, when a licence runs out and
// every five minutes. Leases do not depend on it: they live by a clock that nobody sets.
//
// # Who decides
//
// One goroutine, the committer, owns pools, leases and tombstones: it drains its queue, decides every request in it,
// appends what was decided to the ledger in one batch and only then answers. Heartbeats pass it by: they stamp leases
// in a table that is locked in small chunks, and ask the committer only about leases that they did not find.
package server
