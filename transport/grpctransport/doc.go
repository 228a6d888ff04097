// Package grpctransport is the transport to the licence server of this module: gRPC with mutual TLS. It implements
// [github.com/seatbeat/seatbeat/transport.Transport].
//
//	transport := grpctransport.New(grpctransport.Config{TLS: &tls.Config{
//		Certificates: []tls.Certificate{certificate}, // proves who the client is
//		RootCAs:      roots,                          // prove who the server is
//	}})
//
// A session is one gRPC connection. When the connection breaks, the next call dials again; a call that may have been
// sent is never repeated. The retries, service configuration, name resolution and proxies of gRPC are off: the address
// is dialled as it is, and the runtime decides what a failure means.
//
// # What an error means
//
// A server that refuses a call sends a refusal of our protocol with the status of the call: the error is then a
// [*github.com/seatbeat/seatbeat/transport.Refusal]. Every other status, whatever its code, and every reply that breaks
// the protocol mean that the server was not reached. When a context ended the call, errors.Is finds the error of the
// context.
//
// # Length of messages
//
// A message is at most 128 KB long. A Checkout that would be longer is sent in parts, one after the other; to the
// caller it is one call that succeeds or fails as a whole. When a later part fails, takes of earlier parts may have
// been granted: a repeat gets the same grants. All other calls fit into one message.
//
// # Platforms
//
// The package compiles on 64-bit platforms only; platform.go says why.
package grpctransport
