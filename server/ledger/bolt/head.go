package bolt

import (
	"bytes"
	"encoding/binary"
	"hash/crc64"

	"go.etcd.io/bbolt"

	"github.com/seatbeat/seatbeat/server/ledger"
)

// The buckets of a ledger, and the only key of the first. The key of a record is its number, 8 bytes big endian, so that
// records are appended at the end of the tree. Random keys would halve the commit rate.
var (
	headBucket    = []byte("head")
	headKey       = []byte("head")
	recordsBucket = []byte("records")
)

const (
	// format is the version of the file. Every transaction writes it with the head. Format 1 had no optional fields, and
	// format 2 no ends of licences; their ledgers are read, and are of this format from the next commit on. A ledger of any other format is refused, so that
	// an older program never misreads the file of a newer one.
	format       = 3
	oldestFormat = 1
	seqLength    = 8
	sumLength    = 8
	headLength   = 4 + 3*8 + sumLength
)

var sumTable = crc64.MakeTable(crc64.ECMA)

// head is stored by every transaction and ties its pages together. It names the transaction, which no older state of a
// page does. It has the number and the sum of all records, which are wrong when a record is missing or foreign.
type head struct {
	tx    uint64
	count uint64
	sum   uint64 // of the checksums of the records, modulo 2^64
}

// put appends a record to the bucket. It encodes the record at the end of buf, which bbolt reads until the transaction has
// ended.
func (h *head) put(records *bbolt.Bucket, r ledger.Record, buf []byte) ([]byte, error) {
	if cap(buf)-len(buf) < recordLength {
		buf = make([]byte, 0, max(2*cap(buf), 64*recordLength)) // records put before keep the old one
	}
	at := len(buf)
	buf = binary.BigEndian.AppendUint64(buf, r.Seq)
	buf, err := appendRecord(buf, r)
	if err != nil {
		return buf, err
	}
	sum := crc64.Checksum(buf[at:], sumTable)
	buf = binary.BigEndian.AppendUint64(buf, sum)
	h.add(sum)
	return buf, records.Put(buf[at:at+seqLength:at+seqLength], buf[at+seqLength:len(buf):len(buf)])
}

// add counts a record with this checksum.
func (h *head) add(sum uint64) { h.count, h.sum = h.count+1, h.sum+sum }

// compact removes records from the bucket. A record that is missing was dropped twice.
func (h *head) compact(records *bbolt.Bucket, seqs []uint64) error {
	if len(seqs) == 0 {
		return nil
	}
	c := records.Cursor()
	var key [seqLength]byte
	for _, seq := range seqs {
		binary.BigEndian.PutUint64(key[:], seq)
		found, value := c.Seek(key[:])
		if !bytes.Equal(found, key[:]) {
			continue
		}
		h.count, h.sum = h.count-1, h.sum-sumOf(value)
		if err := c.Delete(); err != nil {
			return err
		}
	}
	return nil
}

// store writes the head of a transaction.
func (h *head) store(tx *bbolt.Tx) error {
	h.tx = uint64(tx.ID())
	value := binary.BigEndian.AppendUint32(make([]byte, 0, headLength), format)
	value = binary.BigEndian.AppendUint64(value, h.tx)
	value = binary.BigEndian.AppendUint64(value, h.count)
	value = binary.BigEndian.AppendUint64(value, h.sum)
	value = binary.BigEndian.AppendUint64(value, crc64.Checksum(value, sumTable))
	return tx.Bucket(headBucket).Put(headKey, value)
}

// parseHead decodes a head. The format comes first in every version.
func parseHead(value []byte) (head, error) {
	if len(value) < 4 {
		return head{}, damage("its head is %d bytes long", len(value))
	}
	if f := binary.BigEndian.Uint32(value); f < oldestFormat || f > format {
		return head{}, damage("its format is %d, and this program knows only %d to %d", f, oldestFormat, format)
	}
	if len(value) != headLength || crc64.Checksum(value[:headLength-sumLength], sumTable) != sumOf(value) {
		return head{}, damage("its head does not match its checksum")
	}
	return head{
		tx:    binary.BigEndian.Uint64(value[4:]),
		count: binary.BigEndian.Uint64(value[12:]),
		sum:   binary.BigEndian.Uint64(value[20:]),
	}, nil
}

// sumOf returns the checksum at the end of a record or a head.
func sumOf(value []byte) uint64 { return binary.BigEndian.Uint64(value[len(value)-sumLength:]) }
