package server

import (
	"errors"
	"sync"
)

// MemoryLedger is a [Ledger] for tests and for servers whose leases need not outlive the process. A server that stops
// and another that is then started on the same MemoryLedger are two lives of one server, as with a durable ledger.
//
// The zero value is an empty ledger, ready to use.
type MemoryLedger struct {
	mu      sync.Mutex
	inUse   bool
	blocks  [][]Record          // all full but the last
	dropped map[uint64]struct{} // the numbers of records in blocks that are not needed any more
	kept    int                 // how many records blocks hold
}

// memoryBlock is the number of records in one block: blocks grow in number, so that no large slice is ever copied.
const memoryBlock = 4096

var errLedgerInUse = errors.New("ledger is in use by another server")

// Open begins the use of the ledger; see [Ledger].
func (l *MemoryLedger) Open(replay func(Record) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inUse {
		return errLedgerInUse
	}
	l.compact()
	for _, block := range l.blocks {
		for _, r := range block {
			if err := replay(r); err != nil {
				return err
			}
		}
	}
	l.inUse = true
	return nil
}

// Append keeps a batch in memory; see [Ledger].
func (l *MemoryLedger) Append(batch Batch) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.inUse {
		return errors.New("ledger is not open")
	}
	for _, r := range batch.Records {
		l.add(r)
	}
	if l.dropped == nil {
		l.dropped = make(map[uint64]struct{})
	}
	for _, seq := range batch.Drop {
		l.dropped[seq] = struct{}{}
	}
	if len(l.dropped) > memoryBlock && len(l.dropped) > l.kept/2 {
		l.compact()
	}
	return nil
}

// Close ends the use; the records stay for the next server.
func (l *MemoryLedger) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inUse = false
	return nil
}

func (l *MemoryLedger) add(r Record) {
	if last := len(l.blocks) - 1; last < 0 || len(l.blocks[last]) == memoryBlock {
		l.blocks = append(l.blocks, make([]Record, 0, memoryBlock))
	}
	last := &l.blocks[len(l.blocks)-1]
	*last = append(*last, r)
	l.kept++
}

// compact rewrites the blocks without what was dropped.
func (l *MemoryLedger) compact() {
	old, dropped := l.blocks, l.dropped
	l.blocks, l.dropped, l.kept = nil, nil, 0
	for i, block := range old {
		for _, r := range block {
			if _, gone := dropped[r.Seq]; !gone {
				l.add(r)
			}
		}
		old[i] = nil // lets go of it while the rest is still being copied
	}
}
