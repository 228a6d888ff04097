// Package messages has the words of seatbeat: the command that a service gives ([Checkout]), the events that it gets
// ([Event]), the values in them, and the errors that all layers share.
//
// The package holds values only. It imports the standard library alone, so that a service can log, store, compare and
// test events without linking the runtime.
//
// # Words
//
// A feature is a licensed capability with a version. A seat is one unit of a feature. A checkout takes Count seats of
// one feature, all or none. The server grants a lease for the checkout, and frees its seats when no heartbeat names the
// lease for the client timeout. A server is its ServerID, whatever addresses it answers at. docs/glossary.md has all
// terms.
package messages
