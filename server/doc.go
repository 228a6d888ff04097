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
// # Sessions
//
// An instance has one session, whatever addresses it connects by: a later Connect supersedes it, and calls of the older
// session fail as if the server had not been reached. A session that the server has not seen is one from before a
// restart: it is adopted. While an instance is remembered, nobody with another identity can use it.
//
// # Who decides
//
// One goroutine, the committer, owns pools, leases and tombstones: it drains its queue, decides every request in it,
// appends what was decided to the ledger in one batch and only then answers. Heartbeats pass it by: they stamp leases
// in a table that is locked in small chunks, and ask the committer only about leases that they did not find.
package server
