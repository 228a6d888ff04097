// Package seats decides which client gets seats of which feature. It is the pure part of the licence server: it knows no
// network, goroutine, clock or disk, so that tests can drive it in virtual time. The engine of package server
// drives it in a server.
//
// The [Allocator] decides. For each take it looks at the pool of the feature (its blocks, as version tiers), at the
// share groups, and at the queue of takes that wait. The leases it grants and the requests it remembers are
// in the type leases, which also puts each change into the journal for the ledger. [Clients] and the lease table are
// shared with the goroutines of calls: they let heartbeats renew leases without asking the allocator.
//
// A slot is the place of one lease or of one tombstone. Each of the parts has a file of its own, named after its type.
package seats
