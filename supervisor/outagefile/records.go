package outagefile

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

// An outage file is a log in text form. Its first line has the version of the format and the number of records that were
// written together with that line. Each other line is a record: the outages of one server, which supersedes all earlier
// records of that server.
//
//	seatbeat-outages 1 1
//	6a1f02c4 {"server":"S1","last":{"server_id":"S1",...},"outages":[...]}
//	0d58b7e1 {"server":"S1","last":{"server_id":"S1",...},"outages":[...]}
//
// The checksum of a record covers its content and all lines before it, so that a line that was changed, lost or moved is
// detected. Records are appended one at a time, and each is synced before its Merge returns, so that only the last one can
// be torn. The records written with the first line cannot be torn: the file gets its name after they are durable.
const (
	formatName    = "seatbeat-outages"
	formatVersion = 1
	sumFormat     = "%08x "
	sumLength     = 9
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	newline    = []byte("\n")
)

// DamagedError says that an outage file is damaged, or that a file is not an outage file. Restore the file, or move it
// away: counting then starts again.
type DamagedError struct {
	Path    string
	Line    int   // counted from 1
	Offset  int64 // of the first byte of that line
	Problem string
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("outage file %s is damaged in line %d, at byte %d: %s; restore it, or move it away to count outages anew",
		e.Path, e.Line, e.Offset, e.Problem)
}

// serverOutages is the content of a record.
type serverOutages struct {
	Server string `json:"server"`
	messages.OutageRecord
}

// records is the content of an outage file: the newest record of each server.
type records struct {
	servers []serverOutages // one for each server; the one that was written last is the last one
	lines   int             // intact lines in the file, the first line included
	size    int64           // of the intact lines, in bytes
	sum     uint32          // checksum of the intact lines
}

// decode returns the records of a file up to its end, or up to a torn record at its end.
func decode(path string, text []byte) (*records, *DamagedError) {
	l := new(records)
	damaged := func(err error) *DamagedError {
		return &DamagedError{Path: path, Line: l.lines + 1, Offset: l.size, Problem: err.Error()}
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

// torn reports whether a crash may have left this line: it has no end, or it is the last line and has zeros where its
// contents did not reach the disk.
func torn(line, after []byte, whole bool) bool {
	return !whole || len(after) == 0 && bytes.IndexByte(line, 0) >= 0
}

// readHead reads the first line and returns how many records were written together with it.
func (l *records) readHead(text []byte) (together int, err error) {
	line, _, whole := bytes.Cut(text, newline)
	var version int
	_, err = fmt.Sscanf(string(line), formatName+" %d %d", &version, &together)
	if version > formatVersion {
		return 0, fmt.Errorf("its format %d is that of a later version of this program", version)
	}
	if err != nil || !whole || together < 1 || string(line) != headLine(together) {
		return 0, fmt.Errorf("%.40q is not the first line of an outage file", line)
	}
	l.lines, l.size, l.sum = 1, int64(len(line)+1), crc32.Checksum(line, castagnoli)
	return together, nil
}

func headLine(together int) string {
	return fmt.Sprintf("%s %d %d", formatName, formatVersion, together)
}

// readRecord reads a line after the first one.
func (l *records) readRecord(line []byte, whole bool) error {
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

// decodeRecord is strict: a field that this version does not write may have a meaning that this version does not know.
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

// of returns the outages of a server; zero when there are none.
func (l *records) of(serverID string) messages.OutageRecord {
	for _, r := range l.servers {
		if r.Server == serverID {
			return r.OutageRecord
		}
	}
	return messages.OutageRecord{}
}

// put replaces the record of a server.
func (l *records) put(r serverOutages) {
	l.servers = slices.DeleteFunc(l.servers, func(k serverOutages) bool { return k.Server == r.Server })
	l.servers = append(l.servers, r)
}

// normalize drops outages that left MaxWindow before now, and sets times after now to now. It reports whether there was a
// time after now. The file must then be rewritten: otherwise that time would be corrected to a later one at each call, and
// the outage would never leave the window.
func (l *records) normalize(now time.Time) (future bool) {
	for i := range l.servers {
		r := &l.servers[i].OutageRecord
		future = future || slices.ContainsFunc(r.Outages, func(o messages.Outage) bool { return o.Up.After(now) || o.Down.After(now) })
		*r = outage.Merge(*r, messages.OutageRecord{}, now, MaxWindow)
	}
	return future
}

// encode returns the text of a file without superseded records, for the KeptServers servers that changed last.
func (l *records) encode() ([]byte, error) {
	kept := l.servers[max(0, len(l.servers)-KeptServers):]
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

// encodeRecord returns the line of a record that follows lines with the given checksum, and the checksum that includes it.
func encodeRecord(r serverOutages, sum uint32) ([]byte, uint32, error) {
	content, err := json.Marshal(r)
	if err != nil {
		return nil, 0, fmt.Errorf("encode outages of %s: %w", r.Server, err)
	}
	sum = crc32.Update(sum, castagnoli, content)
	line := append(fmt.Appendf(nil, sumFormat, sum), content...)
	return append(line, '\n'), sum, nil
}
