package server

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc64"

	"go.etcd.io/bbolt"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// The buckets of a ledger, and the one key of the first. A record's key is its number, 8 bytes big endian: appending is
// then writing at the end of the tree. Random keys would halve the rate.
var (
	headBucket    = []byte("head")
	headKey       = []byte("head")
	recordsBucket = []byte("records")
)

const (
	// boltFormat is the version of all this, with which every transaction writes the head. Format 1 had no records with
	// more than the fixed fields; its ledgers are read and go on as this one. A ledger of any other format is refused.
	boltFormat   = 2
	oldestFormat = 1
	seqLength    = 8
	sumLength    = 8
	headLength   = 4 + 3*8 + sumLength
	recordLength = 256 // of most records, at most: for the first guess of a buffer
)

var sumTable = crc64.MakeTable(crc64.ECMA)

// boltHead is written with every transaction, and binds it together: it names the transaction, which no older state of
// a page does, and it has the number and the sum of all records kept, which no missing or foreign record leaves right.
type boltHead struct {
	tx    uint64
	count uint64
	sum   uint64 // of the sums of the records, modulo 2^64
}

// put appends a record. It encodes it at the end of buf, which bbolt reads until the transaction has ended.
func (h *boltHead) put(records *bbolt.Bucket, r Record, buf []byte) ([]byte, error) {
	if cap(buf)-len(buf) < recordLength {
		buf = make([]byte, 0, max(2*cap(buf), 64*recordLength)) // the old one stays with what was put already
	}
	at := len(buf)
	buf = binary.BigEndian.AppendUint64(buf, r.Seq)
	buf, err := appendRecord(buf, r)
	if err != nil {
		return buf, err
	}
	sum := crc64.Checksum(buf[at:], sumTable)
	buf = binary.BigEndian.AppendUint64(buf, sum)
	h.count, h.sum = h.count+1, h.sum+sum
	return buf, records.Put(buf[at:at+seqLength:at+seqLength], buf[at+seqLength:len(buf):len(buf)])
}

// remove takes a record off that is to be deleted.
func (h *boltHead) remove(value []byte) {
	h.count, h.sum = h.count-1, h.sum-sumOf(value)
}

// sumOf returns the checksum that a record ends with.
func sumOf(value []byte) uint64 { return binary.BigEndian.Uint64(value[len(value)-sumLength:]) }

// store writes the head of a transaction.
func (h *boltHead) store(tx *bbolt.Tx) error {
	h.tx = uint64(tx.ID())
	value := binary.BigEndian.AppendUint32(make([]byte, 0, headLength), boltFormat)
	value = binary.BigEndian.AppendUint64(value, h.tx)
	value = binary.BigEndian.AppendUint64(value, h.count)
	value = binary.BigEndian.AppendUint64(value, h.sum)
	value = binary.BigEndian.AppendUint64(value, crc64.Checksum(value, sumTable))
	return tx.Bucket(headBucket).Put(headKey, value)
}

// headOf reads a head. The format comes first in every version.
func headOf(value []byte) (h boltHead, err error) {
	if len(value) < 4 {
		return h, damage("its head is %d bytes long", len(value))
	}
	if format := binary.BigEndian.Uint32(value); format < oldestFormat || format > boltFormat {
		return h, damage("its format is %d, and this program knows only %d to %d", format, oldestFormat, boltFormat)
	}
	if len(value) != headLength || crc64.Checksum(value[:headLength-sumLength], sumTable) != sumOf(value) {
		return h, damage("its head does not match its checksum")
	}
	h.tx = binary.BigEndian.Uint64(value[4:])
	h.count = binary.BigEndian.Uint64(value[12:])
	h.sum = binary.BigEndian.Uint64(value[20:])
	return h, nil
}

// appendRecord encodes all but the number of a record. A reason is kept in the wire's words: those are never renumbered.
func appendRecord(b []byte, r Record) ([]byte, error) {
	reason := reasons[r.Reason]
	if r.Reason != messages.NoReason && reason == wire.Reason_REASON_UNSPECIFIED {
		return b, fmt.Errorf("record %d: %q is not why a lease ends", r.Seq, r.Reason)
	}
	b = append(b, byte(r.Kind), byte(reason))
	for _, n := range []uint64{uint64(r.Count), uint64(r.Major), uint64(r.Minor), r.Epoch} {
		b = binary.AppendUvarint(b, n)
	}
	b = append(b, r.Holder.Instance[:]...)
	b = append(b, r.Request[:]...)
	b = append(b, r.Lease[:]...)
	for _, s := range []string{r.Holder.Identity, r.Feature, r.ServerID} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	return appendExtras(b, r), nil
}

// What few records have follows the fixed fields, behind a byte that tells what it is. A record without any ends there.
const (
	extraOverdrawn = 1 << iota
	extraGroup     // the scope and 16 bytes
	extraWall      // milliseconds
)

func appendExtras(b []byte, r Record) []byte {
	at := len(b)
	b = append(b, 0)
	if r.Overdrawn {
		b[at] |= extraOverdrawn
	}
	if r.Share != ShareNone {
		b[at] |= extraGroup
		b = append(append(b, byte(r.Share)), r.Group[:]...)
	}
	if r.Wall != 0 {
		b[at] |= extraWall
		b = binary.AppendUvarint(b, uint64(r.Wall))
	}
	if b[at] == 0 {
		return b[:at]
	}
	return b
}

// extras reads them, if there are any.
func (d *recordReader) extras(r *Record) {
	if len(d.rest) == 0 {
		return
	}
	which := d.rest[0]
	d.rest = d.rest[1:]
	r.Overdrawn = which&extraOverdrawn != 0
	if which&extraGroup != 0 {
		if scope := d.bytes(1); !d.short {
			r.Share = Share(scope[0])
		}
		copy(r.Group[:], d.bytes(16))
	}
	if which&extraWall != 0 {
		r.Wall = int64(d.number(63))
	}
	d.short = d.short || which == 0 || which >= extraWall<<1
}

// recordReader decodes records. It makes each text once: a million leases have few identities and features.
type recordReader struct {
	texts map[string]string
	rest  []byte
	short bool // there was less left than asked for
}

var errEncoding = errors.New("is not encoded as a record")

// read returns the record of a key and a value, whose checksum was verified.
func (d *recordReader) read(key, value []byte) (r Record, err error) {
	d.rest, d.short = value[:len(value)-sumLength], false
	head := d.bytes(2)
	if d.short {
		return r, errEncoding
	}
	r.Seq, r.Kind = binary.BigEndian.Uint64(key), RecordKind(head[0])
	if r.Reason = reasonOfWire[head[1]]; head[1] != 0 && r.Reason == messages.NoReason {
		return r, fmt.Errorf("has the unknown reason %d", head[1])
	}
	r.Count, r.Major, r.Minor = uint32(d.number(32)), uint16(d.number(16)), uint16(d.number(16))
	r.Epoch = d.number(64)
	copy(r.Holder.Instance[:], d.bytes(16))
	copy(r.Request[:], d.bytes(16))
	copy(r.Lease[:], d.bytes(16))
	r.Holder.Identity, r.Feature, r.ServerID = d.text(), d.text(), d.text()
	d.extras(&r)
	if d.short || len(d.rest) > 0 {
		return r, errEncoding
	}
	return r, nil
}

func (d *recordReader) bytes(n int) []byte {
	if n > len(d.rest) {
		d.short = true
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *recordReader) number(bits int) uint64 {
	n, length := binary.Uvarint(d.rest)
	if length <= 0 || bits < 64 && n>>bits > 0 {
		d.short = true
		return 0
	}
	d.rest = d.rest[length:]
	return n
}

func (d *recordReader) text() string {
	b := d.bytes(int(min(d.number(64), 1<<20)))
	s, known := d.texts[string(b)]
	if !known {
		s = string(b)
		d.texts[s] = s
	}
	return s
}

// reasonOfWire turns reasons back.
var reasonOfWire = func() (back [256]messages.Reason) {
	for reason, w := range reasons {
		back[byte(w)] = reason
	}
	return back
}()
