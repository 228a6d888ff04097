// Package actors runs a runtime's actors: features, connections, heartbeats, the outage counter, and the runtime itself at
// the top. Services do not import it; package supervisor does.
//
// # The tree
//
//	runtime                 finds the connection for an address, collects exits, closes everything; the supervisor
//	├── connection          one for each server in use: leases, requests, heartbeats, reconnecting
//	│   └── heartbeat       its timer: when the next heartbeat is due
//	└── feature             one for each checkout: its state
//	outage counter          beside the tree: how often each server went down and came back
//
// Each actor is a thin shell around a pure machine. The machine takes one input and returns effects; it has no clock,
// goroutine, framework or I/O. The shell performs the effects and does nothing else:
//
//	feature          feature_actor.go      feature.Machine
//	connection       connection_actor.go   connection.Machine
//	heartbeat        heartbeat_actor.go    heartbeat.Machine
//	runtime          runtime_actor.go      directory.Machine
//	outage counter   outage_actor.go       outage.Counter
//
// Their messages, with senders and receivers, are in package protocol.
//
// # Where to find what
//
//	Start, Tree.Close                         start.go, tree.go
//	the application's Checkin and Heartbeat   feature_actor.go
//	I/O under a deadline, and its results     calls.go, sessions.go
//	the host's transport may misbehave        host_transport.go, internal/hostcode
//	panics and restarts                       supervision.go
//	a checkout enters, or is refused          entrance.go, registry.go
//	bursts of a million messages              outbox.go, internal/mailbox
//	timers                                    timer.go
//
// # One truth each
//
// Leases, requests and failed counts belong to the connection, the state of a checkout to its feature, Done to the handle.
// One heartbeat names all leases of a connection, and features get a message only when something changes. I/O never runs
// in an actor: it runs on a goroutine under a deadline and comes back as a message. A late message is dropped; the
// connection returns the seats of a late grant.
//
// Comments in this module cite rules by number; the rules are in docs/rules.md.
//
// # Panics
//
// A panic is a defect of seatbeat; failures of servers and networks are messages. An actor that panicked loses the
// message that it was handling, and restarts after a pause. A feature asks its origin what it holds. A connection keeps
// its leases, returns the seats of requests that were under way, and makes all features repeat their requests. A
// heartbeat timer gets its interval again. The runtime rebuilds its directory from the connections, the outage counter
// from what it has counted. An actor that panics too often ends, and its leases are lost (RestartPolicy).
//
// # Platforms
//
// The package compiles on 64-bit platforms only; platform.go says why.
package actors
