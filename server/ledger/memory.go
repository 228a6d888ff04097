package ledger

import (
	"errors"
	"sync"
)

// Memory is a [Ledger] for tests, and for servers whose leases need not outlive the process. When a server stops and
// another is started on the same Memory, the second one continues as the first would after a restart.
//
// The zero value is an empty ledger, ready to use. Its methods are safe for concurrent use.
type Memory struct {
	mu      sync.Mutex
	inUse   bool
	blocks  [][]Record          // all full except the last
	dropped map[uint64]struct{} // the numbers of records in blocks that the server dropped
	kept    int                 // how many records blocks hold
}

// memoryBlock is the number of records in one block. The ledger grows by adding blocks, so that no large slice is copied.
const memoryBlock = 4096

var errInUse = errors.New("ledger is in use by another server")

// Open begins the use of the ledger; see [Ledger].
func (m *Memory) Open(replay func(Record) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.inUse {
		return errInUse
	}
	m.compact()
	for _, block := range m.blocks {
		for _, r := range block {
			if err := replay(r); err != nil {
				return err
			}
		}
	}
	m.inUse = true
	return nil
}

// Append keeps a batch in memory; see [Ledger].
func (m *Memory) Append(batch Batch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.inUse {
		return errors.New("ledger is not open")
	}
	for _, r := range batch.Records {
		m.add(r)
	}
	if m.dropped == nil {
		m.dropped = make(map[uint64]struct{})
	}
	for _, seq := range batch.Drop {
		m.dropped[seq] = struct{}{}
	}
	if len(m.dropped) > memoryBlock && len(m.dropped) > m.kept/2 {
		m.compact()
	}
	return nil
}

// Close ends the use. The records stay for the next server.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.inUse = false
	return nil
}

func (m *Memory) add(r Record) {
	if last := len(m.blocks) - 1; last < 0 || len(m.blocks[last]) == memoryBlock {
		m.blocks = append(m.blocks, make([]Record, 0, memoryBlock))
	}
	last := &m.blocks[len(m.blocks)-1]
	*last = append(*last, r)
	m.kept++
}

// compact rewrites the blocks without the dropped records.
func (m *Memory) compact() {
	old, dropped := m.blocks, m.dropped
	m.blocks, m.dropped, m.kept = nil, nil, 0
	for i, block := range old {
		for _, r := range block {
			if _, gone := dropped[r.Seq]; !gone {
				m.add(r)
			}
		}
		old[i] = nil // free this block while the rest is still being copied
	}
}
