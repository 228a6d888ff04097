package main

import (
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/seatbeat/seatbeat/server/license"
)

// print writes a finding for people.
func (f finding) print(to io.Writer) error {
	l := license.License(f.License)
	rows := [][]string{
		{"file", f.Path}, {"signature", f.signature()}, {"valid", f.validity()}, {"key id", f.KeyID},
		{"serial", l.Serial}, {"vendor", l.Vendor}, {"customer", l.Customer}, {"server", orElse(l.ServerID, "any")},
		{"issued", moment(l.Issued, "")}, {"starts", moment(l.Starts, "at once")}, {"expires", moment(l.Expires, "never")},
		{}, // what follows has columns of its own
		{"FEATURE", "VERSION", "SEATS", "OVERDRAFT", "SHARE", "EXPIRES"},
	}
	for _, p := range l.Pools() {
		rows = append(rows, []string{printable(p.Name), p.Version.String(), strconv.Itoa(p.Seats), strconv.Itoa(p.Overdraft),
			p.Share.String(), moment(p.Expires, "never")})
	}
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if _, err := io.WriteString(table, strings.Join(row, "\t")+"\n"); err != nil {
			return err
		}
	}
	return table.Flush()
}

func (f finding) signature() string {
	switch f.Signature {
	case notChecked:
		return "NOT CHECKED: anybody may have written what follows; name the vendor's public key with --trust"
	case unknownKey:
		return "NOT CHECKED: it is of a key that was not named; anybody may have written what follows"
	case wrongOne:
		return "WRONG: what follows is not what the vendor signed"
	default:
		return "right"
	}
}

func (f finding) validity() string {
	switch {
	case f.Valid == nil:
		return "not checked"
	case !*f.Valid:
		return "NO: " + f.Reason.String()
	case f.License.ServerID != "":
		return "yes, on that server"
	default:
		return "yes"
	}
}

func moment(t time.Time, none string) string {
	if t.IsZero() {
		return none
	}
	return t.UTC().Format(time.RFC3339)
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// printable quotes a name that would not show as it is.
func printable(name string) string {
	if quoted := strconv.Quote(name); quoted != `"`+name+`"` {
		return quoted
	}
	return name
}
