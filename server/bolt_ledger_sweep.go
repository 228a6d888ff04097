package server

import (
	"bytes"
	"encoding/binary"
	"slices"

	"go.etcd.io/bbolt"
)

// sweepBounds say when a sweep begins and how fast it goes.
type sweepBounds struct {
	atLeast     int // so many records have to be dropped before a sweep is worth it
	least, most int // so many records one transaction removes, so that no commit waits long for it
}

var defaultSweeps = sweepBounds{atLeast: 4096, least: 256, most: 4096}

// boltDrops are the records that the server dropped and that are still in the file.
//
// They are removed in sweeps: once a quarter of all records is dropped, those known by then are removed in the order of
// their numbers, some with each transaction. To remove each at once would write a page for each, scattered over the
// file, which halves the rate; a sweep finds several on every page, and needs no transaction of its own.
//
// A crash loses this list and nothing else: the server finds out anew, when it loads, what became void. That holds at
// any moment of a sweep, since no end is removed before its grant: the grant has the lower number, and was dropped
// earlier, so that a sweep that knows of the end knows of the grant.
type boltDrops struct {
	bounds  sweepBounds
	waiting []uint64 // for the next sweep
	sweep   []uint64 // the present one, in order
}

// add notes what was dropped, and begins a sweep when it is time.
func (d *boltDrops) add(dropped []uint64, kept uint64) {
	d.waiting = append(d.waiting, dropped...)
	if len(d.sweep) == 0 && len(d.waiting) >= d.bounds.atLeast && uint64(len(d.waiting)) >= kept/4 {
		d.sweep, d.waiting = d.waiting, nil
		slices.Sort(d.sweep)
	}
}

func (d *boltDrops) sweeping() bool { return len(d.sweep) > 0 }

// due returns what the next transaction is to remove: twice what is dropped meanwhile, so that a sweep ends.
func (d *boltDrops) due(dropped int) []uint64 {
	n := min(len(d.sweep), d.bounds.most, max(d.bounds.least, 2*dropped))
	due := d.sweep[:n]
	d.sweep = d.sweep[n:]
	return due
}

// sweep removes records. One that is not there was named twice.
func (h *boltHead) sweep(records *bbolt.Bucket, due []uint64) error {
	if len(due) == 0 {
		return nil
	}
	c := records.Cursor()
	var key [seqLength]byte
	for _, seq := range due {
		binary.BigEndian.PutUint64(key[:], seq)
		found, value := c.Seek(key[:])
		if !bytes.Equal(found, key[:]) {
			continue
		}
		h.remove(value)
		if err := c.Delete(); err != nil {
			return err
		}
	}
	return nil
}
