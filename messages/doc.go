// Package messages is the vocabulary of seatbeat: the command a service gives ([Checkout]), the facts it is told
// ([Event]), the values they are made of, and the errors that every layer shares.
//
// The package holds values only. It imports nothing but the standard library, so that a service can log, store, compare
// and test seatbeat's events without linking the runtime.
//
// # Words
//
// A feature is a licensed capability with a version; a seat is one unit of it. A checkout takes Count seats of one
// feature, all or none. The server grants a lease for it and frees the seats when no heartbeat has named the lease for
// the client timeout. A server is known by its ServerID, whatever addresses it answers at.
package messages
