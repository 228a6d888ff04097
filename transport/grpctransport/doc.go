// Package grpctransport reaches seatbeat's licence servers over gRPC, with mutual TLS. It implements
// [github.com/seatbeat/seatbeat/transport.Transport].
//
//	transport := grpctransport.New(grpctransport.Config{TLS: &tls.Config{
//		Certificates: []tls.Certificate{certificate}, // proves who the client is
//		RootCAs:      roots,                          // proves who the server is
//	}})
//
// A session is one gRPC connection. When it breaks it is dialled again underneath, at the next call; a call that may
// have been sent is never repeated. gRPC's own retries, service configuration, name resolution and proxies are off: an
// address is dialled as it is, and what it means to fail is decided above.
//
// # What an error means
//
// A call that the server refused has sent a refusal of our own protocol with its status: that is a
// [*github.com/seatbeat/seatbeat/transport.Refusal]. Every other status, whatever its code, and every reply that does
// not keep to the protocol mean that the server was not reached. A call that its context ended is an error for which
// errors.Is finds the context's.
//
// # Length of messages
//
// A message is at most 128 KB long. A Checkout that would be longer is sent as several, one after the other; to the
// caller it is one call that succeeds or fails as a whole. When a later part fails, takes of the earlier ones may have
// been granted: repeated, they get the same grants. All other calls fit.
package grpctransport
