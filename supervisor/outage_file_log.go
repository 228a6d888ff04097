package supervisor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/actors/outage"
	"github.com/seatbeat/seatbeat/messages"
)

// An outage file is text. Its first line has the version of the format and the number of records that were written
// together with it. Each other line is a record, all that was known of one server from then on:
//
//	seatbeat-outages 1 1
//	6a1f02c4 {"server":"S1","last":{"server_id":"S1",...},"outages":[...]}
//	0d58b7e1 {"server":"S1","last":{"server_id":"S1",...},"outages":[...]}
//
// The checksum of a record is that of its content and of all lines before, so that a line that was changed, lost or moved
// is found out. Records are appended one by one, each synced before its Merge returns, so that only the last one can be
// torn; the first ones cannot, since a file gets its name when they are on the disk.
const (
	outageFormat  = "seatbeat-outages"
	outageVersion = 1
	sumFormat     = "%08x "
	sumLength     = 9

	// keptServers is how many servers are kept when a file is rewritten: those of a full search list.
	keptServers = MaxServers
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	newline    = []byte("\n")
)

// OutageFileError says that an outage file is damaged, or that a file is none. Move it away to count outages anew.
type OutageFileError struct {
	Path    string
	Line    int   // counted from 1
	Offset  int64 // of the first byte of that line
	Problem string
}

func (e *OutageFileError) Error() string {
	return fmt.Sprintf("outage file %s is damaged in line %d, at byte %d: %s; restore it, or move it away to count outages anew",
		e.Path, e.Line, e.Offset, e.Problem)
}

// outageLog is what an outage file says.
type outageLog struct {
	known []serverOutages // one of each server, in the order in which they were written last
	lines int             // intact ones
	size  int64           // of the intact lines
	sum   uint32          // of the intact lines
}

// serverOutages is the content of a record.
type serverOutages struct {
	Server string `json:"server"`
	messages.OutageRecord
}

// decodeOutages returns what a file says, up to its end or to a torn record at its end.
func decodeOutages(text []byte) (*outageLog, *OutageFileError) {
	l := new(outageLog)
	damaged := func(err error) *OutageFileError {
		return &OutageFileError{Line: l.lines + 1, Offset: l.size, Problem: err.Error()}
	}
	together, err := l.readHead(text)
	if err != nil {
		return nil, damaged(err)
	}
	for int(l.size) < len(text) {
		line, after, whole := bytes.Cut(text[l.size:], newline)
		if l.lines > together && torn(line, after, whole) {
			return l, nil
		}
		if err := l.readRecord(line, whole); err != nil {
			return nil, damaged(err)
		}
	}
	if l.lines <= together {
		return nil, damaged(fmt.Errorf("the file ends after %d of its first %d records", l.lines-1, together))
	}
	return l, nil
}

// torn reports whether a crash may have left this line: it does not end, or it is the last one and part of it never got to
// the disk, where there are zeros then.
func torn(line, after []byte, whole bool) bool {
	return !whole || len(after) == 0 && bytes.IndexByte(line, 0) >= 0
}

// readHead reads the first line, and returns how many records were written together with it.
func (l *outageLog) readHead(text []byte) (together int, err error) {
	line, _, whole := bytes.Cut(text, newline)
	var version int
	_, err = fmt.Sscanf(string(line), outageFormat+" %d %d", &version, &together)
	if version > outageVersion {
		return 0, fmt.Errorf("its format %d is that of a later version of this program", version)
	}
	if err != nil || !whole || together < 1 || string(line) != headLine(together) {
		return 0, fmt.Errorf("%.40q is not the first line of an outage file", line)
	}
	l.lines, l.size, l.sum = 1, int64(len(line)+1), crc32.Checksum(line, castagnoli)
	return together, nil
}

func headLine(together int) string {
	return fmt.Sprintf("%s %d %d", outageFormat, outageVersion, together)
}

// readRecord reads a line after the first.
func (l *outageLog) readRecord(line []byte, whole bool) error {
	if !whole || len(line) < sumLength {
		return errors.New("the line is cut off")
	}
	content := line[sumLength:]
	sum := crc32.Update(l.sum, castagnoli, content)
	if string(line[:sumLength]) != fmt.Sprintf(sumFormat, sum) {
		return errors.New("the checksum does not match")
	}
	r, err := decodeRecord(content)
	if err != nil {
		return err
	}
	l.put(r)
	l.lines, l.size, l.sum = l.lines+1, l.size+int64(len(line)+1), sum
	return nil
}

// decodeRecord is strict: what this version did not write may mean what it does not know.
func decodeRecord(content []byte) (serverOutages, error) {
	var r serverOutages
	d := json.NewDecoder(bytes.NewReader(content))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return r, fmt.Errorf("the record cannot be read: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return r, errors.New("the record does not end where it should")
	}
	if len(r.Outages) > outage.MaxKept {
		return r, fmt.Errorf("the record has %d outages, more than %d", len(r.Outages), outage.MaxKept)
	}
	return r, checkOutages(r.Server, r.OutageRecord)
}

// record returns what is known of a server.
func (l *outageLog) record(serverID string) messages.OutageRecord {
	for _, r := range l.known {
		if r.Server == serverID {
			return r.OutageRecord
		}
	}
	return messages.OutageRecord{}
}

// put replaces what is known of a server.
func (l *outageLog) put(r serverOutages) {
	l.known = slices.DeleteFunc(l.known, func(k serverOutages) bool { return k.Server == r.Server })
	l.known = append(l.known, r)
}

// settle brings what is known up to a time. It reports whether anything was later than that: then the file has to be
// rewritten, or it would be later than each time it is looked at, and never leave the window.
func (l *outageLog) settle(now time.Time) (future bool) {
	for i := range l.known {
		r := &l.known[i].OutageRecord
		future = future || slices.ContainsFunc(r.Outages, func(o messages.Outage) bool { return o.Up.After(now) || o.Down.After(now) })
		*r = outage.Merge(*r, messages.OutageRecord{}, now, MaxWindow)
	}
	return future
}

// encode returns the text of a file without history, for those servers that are kept.
func (l *outageLog) encode() ([]byte, error) {
	kept := l.known[max(0, len(l.known)-keptServers):]
	head := headLine(len(kept))
	text, sum := []byte(head+"\n"), crc32.Checksum([]byte(head), castagnoli)
	for _, r := range kept {
		line, next, err := encodeRecord(r, sum)
		if err != nil {
			return nil, err
		}
		text, sum = append(text, line...), next
	}
	return text, nil
}

// encodeRecord returns the line of a record that comes after lines with a checksum, and the checksum with it.
func encodeRecord(r serverOutages, sum uint32) ([]byte, uint32, error) {
	content, err := json.Marshal(r)
	if err != nil {
		return nil, 0, fmt.Errorf("encode outages of %s: %w", r.Server, err)
	}
	sum = crc32.Update(sum, castagnoli, content)
	line := append(fmt.Appendf(nil, sumFormat, sum), content...)
	return append(line, '\n'), sum, nil
}
