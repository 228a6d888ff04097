// Package transport is the port between the runtime and licence servers: what a connection to a server can do, whatever
// the wire.
//
// [github.com/seatbeat/seatbeat/transport/grpctransport] implements it over gRPC, and
// [github.com/seatbeat/seatbeat/transport/transporttest] in memory, for tests. To write your own, read this page, start
// from [github.com/seatbeat/seatbeat/examples/httptransport], and certify it with
// [github.com/seatbeat/seatbeat/transport/transporttest/conformance]. docs/transports.md explains the reasons and
// pitfalls.
//
// The comments of [Transport] and [Session] say what each method does. The rest of this page holds for all of them.
//
// # Refused or not reached
//
// An error for which errors.As finds a [*Refusal] is an answer: the server was reached and said no. Every other error
// means that no server was reached, or that its answer was lost; the request may or may not have been executed.
//
//   - Not reached: an ended context, a broken connection, an error page of a proxy, bytes that are no reply, a reply
//     that does not match its call, a session that is closed or superseded. None of these is ever a refusal.
//   - A refusal with RetryAfter: the server is starting, stopping or overloaded, or limits this client. The runtime
//     asks again after that time. It honours RetryAfter and NotBefore up to a third of the client timeout.
//   - A refusal without RetryAfter is final. On Connect it answers all takes: the server does not serve this client.
//   - An error is about a whole call. What a server says to one take is an [Outcome].
//
// The text of an error names call and address: "heartbeat lic1:6200: connection refused". When a context ended the
// call, errors.Is finds the error of the context.
//
// # Calls
//
// The runtime makes each call on a goroutine of its own. All methods but Hello may block until their context ends, and
// must return soon after that, whatever the network does: the runtime waits for its calls when it is closed. Every
// context has a deadline: that of an automatic heartbeat is the smaller of 30 s and half its interval away, that of any
// other call at most Config.ConnectTimeout (5 s by default), and Take.Wait more for a take that waits. The session
// outlives the context of its Connect.
//
// On one session there may be at the same time one heartbeat in two calls of up to [MaxLeases] leases, two calls each
// of Checkout and Checkin, and up to 64 calls of Checkout that wait in a queue. Close may come during any of them.
// After a call that was not answered, the runtime closes the session and connects again. A panic counts as a call that
// was not answered.
//
// The client is in the context of Connect: see [ClientFrom]. Its Instance is new at each start of a runtime and owns
// the leases.
//
// # Identity
//
// A server is its ServerID, which names its ledger, not its address. Each start of its process has another BootID and a
// higher Epoch. Every reply, and every refusal that can, carries the identity at the time of the answer: so the runtime
// recognises a restart. A session may go on over a restart; its own Hello stays that of Connect. A reply without a
// valid identity, or without a positive client timeout, counts as not reached. Two addresses of one ServerID share
// leases and sessions.
//
// # What the server owes
//
//   - Idempotency. Take.Request is scoped by the client instance. A repeat of a granted request gets the same lease
//     while that lives, also within one batch. A refused request was not executed and may be granted later. An id that
//     is used again for another feature or count is refused as Malformed.
//   - Replacing. What Replaces names is freed and the seats are granted in one step; a refusal changes nothing. A take
//     that replaces a revoked lease is refused as Revoked.
//   - Tombstones. An ended lease, and a request that was returned or replaced before it arrived, are remembered with
//     their reason for two client timeouts, over restarts, too. Such a request is answered Gone and never executed.
//   - Leases. An id is never used again. A lease that no heartbeat names for the client timeout expires; no other call
//     renews it. A restart gives every lease a full client timeout. A local grant never expires.
//   - Ownership. A client cannot renew, return or replace the lease of another client; to it such a lease is Unknown.
//   - Sessions. A second Connect of one instance supersedes the first session, at whatever address. Calls over the
//     first session then fail as not reached. Leases outlive sessions.
//
// # The queue
//
// A take with a Wait that finds too few free seats joins the queue of its feature. Its call is answered when the take
// is decided or the Wait is over. A server without a queue refuses the take at once as NoSeats, without RetryAfter.
//
//   - First come, first served. Only the first take is granted, once its whole count is free. Until then all others
//     wait, and takes without Wait are refused as NoSeats. A take that frees as many seats as it takes skips the queue.
//   - When the Wait is over, the answer is NoSeats with RetryAfter, and the client repeats the request. Its place is
//     kept for [Hello.PlaceKept] after the last call.
//   - A place is given up by returning the request, by repeating it without Wait, or by silence. Its call is answered
//     Gone or as not reached. A later call of the request takes over the place from an earlier call.
//   - A take of more seats than the feature has, or of a feature or version that is not served, is refused at once,
//     without RetryAfter.
//   - A server that stops may refuse all that wait, with RetryAfter. A server that restarts may forget the queue.
//
// # Bounds
//
// The runtime keeps [MaxLeases], [MaxBatch], [MaxReplaces] and the bounds of a checkout in package messages. A
// transport whose messages must be shorter may split a call, provided that all parts are answered by the same server
// process. It bounds what it reads: the answer may come from anybody.
package transport
