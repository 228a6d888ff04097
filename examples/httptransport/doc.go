// Package httptransport is a worked example for those who write a transport of their own: seats over HTTP and JSON.
// [Transport] is the client side, the part that the runtime needs. [Gateway] is the server side: a front for any
// licence server that another transport reaches, here the fake server of package transporttest, so that the example has
// no seat rules of its own. conformance_test.go certifies both. Copy that test first.
//
//	go test -race ./examples/httptransport
//
// # Protocol
//
// There are four calls, each a POST of a JSON object: /connect, /checkout, /heartbeat and /checkin. Ids are
// hexadecimal. A server answers with status 200 and a reply, or with status 422 and a refusal; both have its identity.
// Any other status comes from something in between, or from a gateway that did not reach its server. The client then
// takes the server for not reached, and likewise when a status 200 comes without a valid reply.
//
// # Which file keeps which promise
//
//   - A context that ends, or Close, ends a call at once: exchange in session.go joins the two.
//   - A call is never repeated underneath: net/http repeats no POST, and transport.go follows no redirect.
//   - A refusal is a *transport.Refusal and nothing else is: exchange decides that by the status.
//   - A reply that breaks the protocol is no reply: convert.go checks identity, outcomes and reasons.
//   - The slices of a caller are not kept: convert.go copies them, and post encodes them before it sends.
//   - A session survives a restart of the server: it is an id that is sent with each call, not a connection.
//   - Nothing outlives Close: transport.go gives each session connections of its own.
//   - The end of a call reaches the server: serve in gateway.go passes the context of the HTTP request on, so that a take
//     whose client has gone leaves the queue.
//   - A later session of a client supersedes the earlier one: the licence server does that, and the gateway drops the
//     earlier session.
//
// The promises about seats, such as idempotent requests, replacing in one step and expiry, are kept by the licence
// server behind the gateway.
//
// # What a real gateway needs besides
//
// It needs TLS, with the identity of each client from its certificate, and limits on the rate of calls of each client.
package httptransport
