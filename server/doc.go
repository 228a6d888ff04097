// Package server is seatbeat's licence server, to be embedded in a program or a test. It grants seats of features as
// leases, frees the seats of leases that no heartbeat names any longer, and never issues more seats than a feature has.
//
//	srv, err := server.New(server.Config{
//		Ledger:   bolt.New("seatbeat.ledger"),
//		Features: []license.Feature{{Name: "f2", Version: messages.V(1, 0), Seats: 10}},
//		TLS:      tlsConfig,
//	})
//	...
//	err = srv.Serve(listener) // until Stop
//
// # What is durable
//
// Grants and ends are in the ledger before they are answered; heartbeats never are. After a restart on the same ledger
// every lease is back with a full, fresh client timeout: a restart can neither free a seat in use nor issue it twice. The
// ServerID stays, the Epoch has grown, the BootID is new.
//
// # Requests, repeats and tombstones
//
// A request id belongs to one client: to the identity in its certificate and to the instance it connected with. A take
// whose request is known is not executed again. While its lease lives, the repeat gets the same grant; after the lease
// has ended, the repeat gets the reason of the end. Ended leases and cancelled requests are remembered as tombstones
// for two client timeouts, also across restarts. Cancelling or replacing a request that never arrived leaves a
// tombstone, too, so that the request is not executed when it arrives late.
//
// A take that names requests to replace frees them and grants in one step. A refused take changes nothing: no seat is
// freed and no request is remembered. A take that names a revoked lease is refused as Revoked.
//
// # Queues
//
// A take that may wait, alone in its call, joins the queue of its feature: first come, first served, of whatever version.
// When the first take needs more seats than are free, it holds up those behind it, so that it does not starve. A take that
// needs no additional seats skips the queue: it replaces as many, or its share group holds them already. Queues are bounded
// by [Limits], end when the server drains, and are forgotten by a restart.
//
// # Sessions
//
// An instance has one session, whatever addresses it connects by. A later Connect supersedes the session, and calls of the
// older session fail as if the server had not been reached. A session that the server does not know was opened before a
// restart: the server adopts it. While an instance is remembered, no other identity can use it.
//
// # Blocks, overdraft and sharing
//
// A feature may be listed several times: its seats add up, each block with its own version and expiry. A take is granted
// while a block of its version or of a higher one has room; a grant from a lower version takes no seat of a higher one as
// long as both fit. When a block expires its seats are gone, and when all blocks of a feature have, its leases end as
// FeatureExpired. When a new list has fewer seats than are held, no lease ends: there are no new grants until enough seats
// came back.
//
// Overdraft is granted beyond the seats. The grant, the ledger, the audit and the metrics mark it.
//
// Leases of a feature with a [license.Share] are counted in share groups. A group holds as many seats as its largest lease,
// until the last lease has ended. The group of a client follows from the names that its certificate proves; where the
// certificate proves none, from the claims of the client. A client that continues its session after a restart repeats
// its claim with each Checkout.
//
// # The time of licences
//
// Licences are judged by [Server.LicenseTime]: the wall clock, but never earlier than the latest time in the ledger. So an
// expired licence stays expired when the clock is set back. The latest time is recorded at each start, when a licence
// expires, and every five minutes. Leases do not depend on it: they live by a monotonic clock.
//
// # The way of a take
//
// A call passes these files. Each is named after the one type that it holds.
//
//  1. internal/grpcapi/service.go: the gRPC service identifies the caller by its certificate, and checks the message with
//     internal/grpcapi/request.go.
//  2. internal/engine/engine.go: the engine puts a request into the queue of the committer.
//  3. internal/engine/committer.go: the committer, one goroutine, drains its queue. Round by round it lets the allocator
//     decide each request, appends the decisions to the ledger in one batch, and only then answers.
//  4. internal/seats/allocator.go at the root of the module: the allocator asks the policy, carries out its decision, and
//     keeps the queues of waiting takes (queues.go).
//  5. internal/seats/policy.go: the policy decides. It looks at the leases (leases.go) for known requests, at the pool of
//     the feature (pool.go) for its version tiers, and at share groups (share_groups.go), and changes nothing. The answer,
//     the ledger record, the audit record and the metrics are made from its one decision (decision.go).
//  6. ledger/bolt/session.go: the ledger commits the batch to its file.
//  7. internal/grpcapi/reply.go: the outcome becomes the reply. audit.go writes the audit record.
//
// Heartbeats do not pass the committer: they renew leases in a table that is locked in small chunks
// (internal/seats/lease_table.go), and ask the committer only about leases that they did not find there.
//
// As time passes, internal/engine/maintenance.go expires leases and brings licences into and out of force.
package server
