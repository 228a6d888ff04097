// Package transport is the port between the runtime and licence servers: what a connection to a server must be able to
// do, whatever the wire. [github.com/seatbeat/seatbeat/transport/grpctransport] implements it over gRPC,
// [github.com/seatbeat/seatbeat/transport/transporttest] in memory for tests, and anybody may implement it for a server
// of their own. [github.com/seatbeat/seatbeat/examples/httptransport] is a small one, over HTTP and JSON, to start from.
//
// The comments of [Transport] and [Session] say what each method promises. The rest of this page is for those who write
// one: what holds for all methods, what the server behind it owes, and how to find out whether all of it is kept.
//
// # Two kinds of failure
//
// The runtime must know whether the server answered. An error for which errors.As finds a [*Refusal] is an answer: the
// server was reached and said no. Every other error means that the server was not reached, or that its answer was lost;
// the request may or may not have been executed, and the runtime repeats it with the same request id, or cancels it.
//
// It matters which is which. A take that is refused without RetryAfter is refused for good: its licence is lost, and the
// application goes on. Where no server is reached the runtime gives up, and by default ends the process. So:
//
//   - A context that ended, a connection that broke, a proxy's error page, bytes that are no reply, a reply that does not
//     match its call, a session that was closed or superseded: not reached, never a refusal.
//   - A server that is starting, stopping, overloaded or has had enough of this client: a refusal with RetryAfter. It
//     counts as reached, and is asked again later.
//   - A client that the server does not serve: a refusal without RetryAfter. On Connect it is the answer to all takes.
//   - What is refused for one take is no error but its [Outcome]; an error is about the call as a whole.
//
// Errors are shown to people, and logged: name the call and the address, as in "heartbeat lic1:6200: connection refused".
// The cause of a context that ended should be found in them by errors.Is.
//
// # Who calls, and when
//
// The runtime calls every method on goroutines that it makes for the call, never on one that must go on: all but Hello
// may block until their context ends. They must return soon after that, whatever the network does: the runtime waits for
// its calls when it is closed. Every context has a deadline: that of an automatic heartbeat is 30 s or half the interval
// away, whichever is less, that of other calls at most Config.ConnectTimeout, and Take.Wait more for a take that waits.
// The session outlives the context of its Connect.
//
// There is one session for each server in use, and a second for a moment when the server is found at another address
// or its connection broke. On one session there may be, at the same time, one heartbeat in two calls of up to [MaxLeases]
// leases each, and two calls each of Checkout and Checkin, beside up to 64 calls of a Checkout that waits. Close may come at any time, during any of these. A session over
// which a call was not answered is closed, and Connect called anew.
//
// The client is in the context of Connect alone, see [ClientFrom]; its Instance is drawn anew at each start of a runtime
// and says whose the leases are. A panic is taken for a call that was not answered.
//
// # Identity
//
// A server is its ServerID, which names its ledger, not its address. Each start of its process has another BootID and a
// higher Epoch. Every reply and, if the server can, every refusal tells the identity at the time of the answer: that, and
// not a broken connection, is how a restart is recognised. A session may therefore go on when the server was restarted,
// and then tells of it with the next reply; its own Hello stays what it was. A reply without a valid identity or a
// positive client timeout is not believed and counts as not reached.
//
// Two addresses of one ServerID share leases and sessions.
//
// # What the server owes
//
// A transport cannot make up for a server that lacks these, but it may add to a server what only concerns the client,
// such as request ids on top of a protocol that has leases alone, if it survives what the client survives.
//
//   - Idempotency. Take.Request is scoped by the client's instance. A request that was granted gets the same lease again
//     while that lives, whoever repeats it, at the same time or later, in the same batch too. One that was refused was
//     not executed: it may be granted later. The same id for another feature or count is refused as Malformed.
//   - Replacing. What a take Replaces is freed and its own seats are granted in one step, so that nobody comes in between;
//     if it is refused nothing has changed. A revoked lease is not replaced: the take is refused as Revoked.
//   - Tombstones. An ended lease, and a request that was returned or replaced before it arrived, are remembered with their
//     reason for two client timeouts, over restarts as well. A request with a tombstone is answered Gone and never
//     executed, however late it arrives.
//   - Leases. An id is never used again. A lease that no heartbeat names for the client timeout expires; other calls of
//     the client do not renew it. A restart gives every lease a whole client timeout. A local grant never expires.
//   - Ownership. A client can neither beat, return nor replace what another one holds; to it such a lease is Unknown.
//   - Sessions. A second Connect of one instance supersedes the first, at whatever address. Calls on the older session
//     then fail as not reached, and take nothing from the later one. Leases outlive sessions.
//
// # Waiting in line
//
// A take with a Wait that finds too few free seats joins the line of its feature, and its call is answered when that is
// decided or the Wait is over. A server that keeps no line refuses it at once, as NoSeats and without RetryAfter, and the
// checkout fails.
//
//   - First come, first served. Only the first in line is granted, when its whole count is free: until then later ones
//     wait, and whoever does not wait is refused as NoSeats, even if fewer seats would do. So nobody is starved. What gives
//     back as many seats of the feature as it takes, by Replaces, goes ahead: it is no newcomer.
//   - Still in line. A Wait that is over is answered as NoSeats with RetryAfter: the client repeats the request, whose
//     place is kept for [Hello.PlaceKept], and no longer.
//   - Leaving. A place is given up by returning its request, by repeating it without Wait, or by silence. Its call is then
//     answered Gone, or as not reached. A later call of the same request takes over the place from an earlier one.
//   - More seats than the feature has are refused at once, without RetryAfter, and so is what is not served any more.
//   - A server that stops may refuse all who wait, with RetryAfter. One that restarts may forget the line: those who come
//     back wait anew.
//
// # Limits
//
// The runtime keeps within [MaxLeases], [MaxBatch] and [MaxReplaces], and within the bounds of a checkout in package
// messages. A wire with a smaller message may split a call underneath, as grpctransport does, as long as all parts come
// from the same life of the server. Bound what you read: the answer may come from anybody. A RetryAfter or NotBefore is
// honoured up to a third of the client timeout.
//
// # Certification
//
// transporttest.Conformance tries all of this against a live server, one subtest for each promise: grants and versions,
// repeats, replacing, returns, heartbeats and expiry, contexts that end while the server hangs, Close during calls,
// goroutines left behind, sessions that are superseded, restarts, waiting in line. Give its Fixture as many controls of your server as you
// can: a promise without its control is skipped, which go test -v tells. Run it under the race detector:
//
//	go test -race -v -run Conforms ./...
//
// It cannot try what no licence server does: that strange answers count as not reached is for a test of your own.
package transport
