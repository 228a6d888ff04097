package seats

import "github.com/seatbeat/seatbeat/server/license"

// PoolStatus is the state of one pool, for an operator. Its Feature adds up the active blocks, or all blocks when none is
// active: the highest Version, the sums of Seats and Overdraft, the last to expire. Starts is the zero time unless no block
// has started yet.
type PoolStatus struct {
	license.Feature
	Used      int // seats held; leases that share a seat count once
	Overdrawn int // how many of them are beyond Seats, or beyond the seats of the versions that they need
	Waiting   int // takes in the queue
	Listed    bool
}

// PoolSample has the values of one pool for the metrics. A sample without a Name has only Denied: the refused takes
// that named no pool.
type PoolSample struct {
	Name                      string
	Licensed, Used, Overdrawn int64
	Waiting                   int64
	Denied                    Denials
	Expired                   int64
}
