package main

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/seatbeat/seatbeat/server/license"
	"github.com/seatbeat/seatbeat/server/licensefile"
)

// Values of inspection.Signature.
const (
	signatureNotChecked = "not checked"
	signatureUnknownKey = "of a key that is not trusted"
	signatureWrong      = "wrong"
	signatureValid      = "valid"
)

// inspection is what "seatbeatd inspect" found out about a licence file.
type inspection struct {
	Path      string               `json:"path"`
	KeyID     string               `json:"key_id"`
	Signature string               `json:"signature"`
	Valid     *bool                `json:"valid,omitempty"` // nil if not checked
	Reason    *licensefile.Reason  `json:"reason,omitempty"`
	Message   string               `json:"message,omitempty"`
	License   licensefile.Contents `json:"license"`
}

// newInspection returns the inspection of a file that has not been checked.
func newInspection(path, keyID string, l license.License) inspection {
	return inspection{Path: path, KeyID: keyID, Signature: signatureNotChecked, License: licensefile.Contents(l)}
}

// checked returns the inspection with the result of the check: nil, or a *licensefile.RefusedError.
func (i inspection) checked(err error) inspection {
	valid := err == nil
	i.Valid, i.Signature = &valid, signatureValid
	refused, ok := errors.AsType[*licensefile.RefusedError](err)
	if !ok {
		return i
	}
	i.Reason, i.Message = &refused.Reason, refused.Message
	switch refused.Reason {
	case licensefile.WrongKey:
		i.Signature = signatureUnknownKey
	case licensefile.Altered:
		i.Signature = signatureWrong
	}
	return i
}

// print prints the inspection for people.
func (i inspection) print(to io.Writer) error {
	l := license.License(i.License)
	rows := [][]string{
		{"file", i.Path}, {"signature", i.signatureText()}, {"valid", i.validText()}, {"key id", i.KeyID},
		{"serial", l.Serial}, {"vendor", l.Vendor}, {"customer", l.Customer}, {"server", textOr(l.ServerID, "any")},
		{"issued", timeOr(l.Issued, "")}, {"starts", timeOr(l.Starts, "at once")}, {"expires", timeOr(l.Expires, "never")},
		{}, // the table below has columns of its own
		{"FEATURE", "VERSION", "SEATS", "OVERDRAFT", "SHARE", "EXPIRES"},
	}
	for _, p := range l.Pools() {
		rows = append(rows, []string{printable(p.Name), p.Version.String(), strconv.Itoa(p.Seats), strconv.Itoa(p.Overdraft),
			p.Share.String(), timeOr(p.Expires, "never")})
	}
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if _, err := io.WriteString(table, strings.Join(row, "\t")+"\n"); err != nil {
			return err
		}
	}
	return table.Flush()
}

func (i inspection) signatureText() string {
	switch i.Signature {
	case signatureNotChecked:
		return "NOT CHECKED: anybody may have written what follows; name the vendor's public key with --trust"
	case signatureUnknownKey:
		return "NOT CHECKED: signed with a key that --trust does not name; anybody may have written what follows"
	case signatureWrong:
		return "WRONG: what follows is not what the vendor signed"
	default:
		return "valid"
	}
}

func (i inspection) validText() string {
	switch {
	case i.Valid == nil:
		return "not checked"
	case !*i.Valid:
		return "NO: " + i.Reason.String()
	case i.License.ServerID != "":
		return "yes, on the server named above"
	default:
		return "yes"
	}
}

// timeOr returns a time as text, or the other text for the zero time.
func timeOr(t time.Time, other string) string {
	if t.IsZero() {
		return other
	}
	return t.UTC().Format(time.RFC3339)
}

// textOr returns text, or the other text if it is empty.
func textOr(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// printable quotes a name that a terminal would not show as it is.
func printable(name string) string {
	if quoted := strconv.Quote(name); quoted != `"`+name+`"` {
		return quoted
	}
	return name
}
