package license

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seatbeat/seatbeat/server"
)

// format is the version of the contents. A file of another one is refused: what it says could be meant otherwise.
const format = 1

// contents is a License as a file has it.
type contents struct {
	Format   int               `json:"format"`
	Serial   string            `json:"serial"`
	Vendor   string            `json:"vendor"`
	Customer string            `json:"customer"`
	ServerID string            `json:"server,omitempty"`
	Issued   string            `json:"issued"`
	Starts   string            `json:"starts,omitempty"`
	Expires  string            `json:"expires,omitempty"`
	Features []featureContents `json:"features"`
}

type featureContents struct {
	Name      string `json:"name"`
	Version   string `json:"version"`
	Seats     int    `json:"seats"`
	Overdraft int    `json:"overdraft,omitempty"`
	Share     string `json:"share,omitempty"`
	Expires   string `json:"expires,omitempty"`
}

// MarshalJSON writes a licence as its file has it, for programs.
func (l License) MarshalJSON() ([]byte, error) {
	c := contents{
		Format: format, Serial: l.Serial, Vendor: l.Vendor, Customer: l.Customer, ServerID: l.ServerID,
		Issued: optionalTime(l.Issued), Starts: optionalTime(l.Starts), Expires: optionalTime(l.Expires),
		Features: make([]featureContents, len(l.Features)),
	}
	for i, f := range l.Features {
		c.Features[i] = featureContents{
			Name: f.Name, Version: f.Version.String(), Seats: f.Seats, Overdraft: f.Overdraft, Expires: optionalTime(f.Expires),
		}
		if f.Share != server.ShareNone {
			c.Features[i].Share = f.Share.String()
		}
	}
	return json.Marshal(c)
}

// UnmarshalJSON reads what MarshalJSON wrote, and nothing else. It says nothing of a signature.
func (l *License) UnmarshalJSON(raw []byte) error {
	read, refused := readContents(raw)
	if refused != nil {
		return refused
	}
	*l = read
	return nil
}

func optionalTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return timeText(t)
}

// readContents reads what MarshalJSON wrote, and nothing else: every field is known, occurs once and is within bounds.
func readContents(raw []byte) (License, *RefusedError) {
	if !utf8.Valid(raw) || !json.Valid(raw) {
		return License{}, refuse(Malformed, "its contents are no valid JSON: ask the vendor for a new file")
	}
	var found findings
	in := readObject(raw, "", &found)
	if n := in.number("format"); n != format {
		return License{}, refuse(Malformed, "format is %d and this version reads %d: update it, or ask the vendor for a file of that format",
			n, format)
	}
	in.require("serial", "vendor", "customer", "issued", "features")
	l := readLicense(in, &found)
	return l, found.refusal(l)
}

// readLicense reads what is common to files and templates.
func readLicense(in *fields, found *findings) License {
	l := License{
		Serial: in.text("serial"), Vendor: in.text("vendor"), Customer: in.text("customer"), ServerID: in.text("server"),
		Issued: in.time("issued"), Starts: in.time("starts"), Expires: in.time("expires"),
	}
	for i, raw := range in.list("features") {
		l.Features = append(l.Features, readFeature(readObject(raw, featurePath(i), found)))
	}
	in.end()
	return l
}

func readFeature(in *fields) server.Feature {
	in.require("name", "version", "seats")
	f := server.Feature{
		Name: in.text("name"), Version: in.version("version"), Seats: in.number("seats"),
		Overdraft: in.number("overdraft"), Share: in.share("share"), Expires: in.time("expires"),
	}
	in.end()
	return f
}

// refusal returns nil, or all that was found wrong with a licence. Bounds are looked at once its fields can be read.
func (found *findings) refusal(l License) *RefusedError {
	if found.Err() == nil {
		l.validate(&found.List)
	}
	err := found.Err()
	if err == nil {
		return nil
	}
	refused := refuse(Malformed, "ask the vendor for a correct file: %s", oneLine(err))
	if found.unknown {
		refused = refuse(UnknownField, "it says what this version does not understand: update it, or ask the vendor for a file without: %s",
			oneLine(err))
	}
	refused.faults = err
	return refused
}

// maxFaults is how much of what is wrong with a file is told, in bytes: a hostile one can have a fault in every few.
const maxFaults = 2000

// oneLine writes joined errors in one line that is not too long.
func oneLine(err error) string {
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	if len(text) <= maxFaults {
		return text
	}
	return strings.ToValidUTF8(text[:maxFaults], "") + " ... and more"
}
