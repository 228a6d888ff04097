package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
)

// A record is encoded as
//
//	kind, reason                            a byte each, the reason by reasonNumbers
//	count, major, minor, epoch              varints
//	instance, request, lease                16 bytes each
//	identity, feature, server id            each a varint for the length, then the bytes
//	optional fields                         if any: a byte that says which, then their values
//	checksum                                8 bytes, over the key and all of the above
//
// A new field is appended as an optional field: it takes the next bit of that byte, and its value stands behind those of
// lower bits. Nothing unknown is skipped: a record with an unknown bit is refused, since an older program cannot know what
// it would ignore. Whoever adds a field raises the format of the head, too, so that an older program refuses the file by
// its format and not by a record.

// recordLength is the length of most records at most, for the size of buffers.
const recordLength = 256

// appendRecord encodes a record without its number and its checksum.
func appendRecord(b []byte, r ledger.Record) ([]byte, error) {
	reason := reasonNumbers[r.Reason]
	if r.Reason != messages.NoReason && reason == 0 {
		return b, fmt.Errorf("record %d: %q is no reason for which a lease ends", r.Seq, r.Reason)
	}
	b = append(b, byte(r.Kind), reason)
	for _, n := range []uint64{uint64(r.Count), uint64(r.Major), uint64(r.Minor), r.Epoch} {
		b = binary.AppendUvarint(b, n)
	}
	b = append(b, r.Holder.Instance[:]...)
	b = append(b, r.Request[:]...)
	b = append(b, r.Lease[:]...)
	for _, s := range []string{r.Holder.Identity, r.Feature, r.ServerID} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	return appendOptional(b, r), nil
}

// The optional fields. A record without any of them ends before the byte that says which it has.
const (
	hasOverdrawn = 1 << iota // no value
	hasGroup                 // the scope of sharing and 16 bytes
	hasWall                  // milliseconds, a varint
	hasUntil                 // milliseconds, a varint
)

func appendOptional(b []byte, r ledger.Record) []byte {
	at := len(b)
	b = append(b, 0)
	if r.Overdrawn {
		b[at] |= hasOverdrawn
	}
	if r.Share != license.ShareNone {
		b[at] |= hasGroup
		b = append(append(b, byte(r.Share)), r.Group[:]...)
	}
	if r.Wall != 0 {
		b[at] |= hasWall
		b = binary.AppendUvarint(b, uint64(r.Wall))
	}
	if r.Until != 0 {
		b[at] |= hasUntil
		b = binary.AppendUvarint(b, uint64(r.Until))
	}
	if b[at] == 0 {
		return b[:at]
	}
	return b
}

// recordReader decodes records. It makes one string of equal texts: a million leases have few identities and features.
type recordReader struct {
	texts   map[string]string
	rest    []byte
	invalid bool // the record ended too early, or is no record
}

var errEncoding = errors.New("is not encoded as a record")

// read returns the record of a key and a value whose checksum was verified.
func (d *recordReader) read(key, value []byte) (r ledger.Record, err error) {
	d.rest, d.invalid = value[:len(value)-sumLength], false
	start := d.bytes(2)
	if d.invalid {
		return r, errEncoding
	}
	r.Seq, r.Kind = binary.BigEndian.Uint64(key), ledger.RecordKind(start[0])
	if r.Reason = reasonsByNumber[start[1]]; start[1] != 0 && r.Reason == messages.NoReason {
		return r, fmt.Errorf("has the unknown reason %d", start[1])
	}
	r.Count, r.Major, r.Minor = uint32(d.number(32)), uint16(d.number(16)), uint16(d.number(16))
	r.Epoch = d.number(64)
	copy(r.Holder.Instance[:], d.bytes(16))
	copy(r.Request[:], d.bytes(16))
	copy(r.Lease[:], d.bytes(16))
	r.Holder.Identity, r.Feature, r.ServerID = d.text(), d.text(), d.text()
	d.optional(&r)
	if d.invalid || len(d.rest) > 0 {
		return r, errEncoding
	}
	return r, nil
}

// optional reads the optional fields.
func (d *recordReader) optional(r *ledger.Record) {
	if len(d.rest) == 0 {
		return
	}
	which := d.rest[0]
	d.rest = d.rest[1:]
	r.Overdrawn = which&hasOverdrawn != 0
	if which&hasGroup != 0 {
		if scope := d.bytes(1); !d.invalid {
			r.Share = license.Share(scope[0])
		}
		copy(r.Group[:], d.bytes(16))
		d.invalid = d.invalid || r.Share == license.ShareNone // a record without a share scope has no group
	}
	if which&hasWall != 0 {
		r.Wall = int64(d.number(63))
	}
	if which&hasUntil != 0 {
		r.Until = int64(d.number(63))
	}
	d.invalid = d.invalid || which == 0 || which >= hasUntil<<1
}

func (d *recordReader) bytes(n int) []byte {
	if n > len(d.rest) {
		d.invalid = true
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *recordReader) number(bits int) uint64 {
	n, length := binary.Uvarint(d.rest)
	if length <= 0 || bits < 64 && n>>bits > 0 {
		d.invalid = true
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
