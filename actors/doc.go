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
// What they say to each other, and who says what to whom, is package protocol.
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
// in an actor: it runs on a goroutine under a deadline and comes back as a message. A message about something that has
// moved on is dropped; when it is a grant, the connection returns the seats.
//
// Comments in this module cite rules by number; the rules are in docs/rules.md.
//
// # Panics
//
// A panic is a defect of seatbeat; failures of servers and networks are messages. An actor that panicked loses the message
// that it was handling, and restarts after a pause. A feature asks its origin what it holds. A connection keeps its leases,
// returns what was under way, and has all features repeat what they ask for. A heartbeat timer is told its interval again.
// The runtime rebuilds its directory from the connections, the outage counter from what it has counted. An actor that
// panics too often ends, and what it held is lost (RestartPolicy).
//
// # Platforms
//
// The package compiles on 64-bit platforms only; platform.go says why.
package actors
