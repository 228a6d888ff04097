// Package httptransport is a worked example for those who write a transport to a licence server of their own: seats over
// HTTP and JSON. [Transport] is the client's side; [Server] is a toy to run it against, with its ledger in memory.
// It is complete: the test certifies it with transporttest.Conformance, which is the thing to copy first.
//
//	go test -race ./examples/httptransport
//
// # Protocol
//
// Four calls, each a POST of a JSON object: /connect, /checkout, /heartbeat, /checkin. Ids are hexadecimal. Answers are of
// two kinds: 200 with the reply, and 422 with a refusal. Both have the server's identity in them. Any other status comes
// from something in between, or from a server that is not in the state to answer, and means that the server was not
// reached. So does a 200 with something else in it than a reply.
//
// # Which promise is kept where
//
// By the client, in transport.go, session.go and exchange.go:
//
//   - A context that ends, or Close, ends a call at once: exchange joins both.
//   - A call is never repeated underneath: net/http repeats no POST, and redirects are not followed.
//   - A refusal is a *transport.Refusal, everything else is not: exchange decides it by the status, once.
//   - An answer that is no sound reply is none: sound, and convert.go, which checks that outcomes match their takes.
//   - Nothing is kept of a caller's slices: convert.go copies what is sent, and it is encoded before the call goes out.
//   - A session survives a restart of its server: it is a number that the server checks, not a connection.
//   - Nothing outlives Close: each session has connections of its own.
//
// By the server:
//
//   - Every reply starts with the identity: reply and refuse in server.go are the only ways to answer.
//   - A later Connect of a client supersedes its session, at whatever address: admit in server.go.
//   - A request is executed once: take in ledger.go looks for its id first; what was cancelled leaves a tombstone there.
//   - Replacing frees and grants in one step: take changes nothing before the last test has passed.
//   - One client knows nothing of another's leases: all look-ups have the client's instance in their key.
//   - Leases expire when no heartbeat names them, and after a restart have a whole client timeout: ledger_time.go.
//
// What a real server has and this one lacks: a ledger on disk, written before the answer; TLS with the client's identity
// from its certificate, which the instance is then scoped by; limits on clients, leases and calls; expiry in the order of
// age instead of a look at all leases; a line of those who wait for seats. Take.Wait is not even on the wire: without a line
// a take that finds too few seats is refused at once.
package httptransport
