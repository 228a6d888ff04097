package seats

import "github.com/seatbeat/seatbeat/server/ledger"

// journal numbers the records of decisions and collects them until the ledger has them.
type journal struct {
	seq   uint64 // of the last record
	batch ledger.Batch
}

// add collects a record and returns its number. The record numbered obsolete, if any, is dropped.
func (j *journal) add(r ledger.Record, obsolete uint64) uint64 {
	j.seq++
	r.Seq = j.seq
	j.batch.Records = append(j.batch.Records, r)
	if obsolete != 0 {
		j.drop(obsolete)
	}
	return r.Seq
}

// drop tells the ledger that a record is not needed any longer.
func (j *journal) drop(seq uint64) { j.batch.Drop = append(j.batch.Drop, seq) }

// replayed notes the number of a record that the ledger replays.
func (j *journal) replayed(seq uint64) { j.seq = seq }

// empty reports whether there is nothing for the ledger.
func (j *journal) empty() bool { return len(j.batch.Records) == 0 && len(j.batch.Drop) == 0 }

// committed empties the batch once the ledger has it.
func (j *journal) committed() {
	clear(j.batch.Records) // frees the strings
	j.batch.Records, j.batch.Drop = j.batch.Records[:0], j.batch.Drop[:0]
}
