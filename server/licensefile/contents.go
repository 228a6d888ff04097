package licensefile

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seatbeat/seatbeat/server/license"
)

// format is the version of the contents. A file of another format is refused, since its fields may mean something else.
const format = 1

// Contents is a licence whose JSON form is the contents of its file, for programs.
type Contents license.License

// MarshalJSON writes the contents of the licence's file. It does not validate the licence.
func (c Contents) MarshalJSON() ([]byte, error) {
	w := fileContents{
		Format: format, Serial: c.Serial, Vendor: c.Vendor, Customer: c.Customer, ServerID: c.ServerID,
		Issued: optionalTime(c.Issued), Starts: optionalTime(c.Starts), Expires: optionalTime(c.Expires),
		Features: make([]featureContents, len(c.Features)),
	}
	for i, f := range c.Features {
		w.Features[i] = featureContents{
			Name: f.Name, Version: f.Version.String(), Seats: f.Seats, Overdraft: f.Overdraft, Expires: optionalTime(f.Expires),
		}
		if f.Share != license.ShareNone {
			w.Features[i].Share = f.Share.String()
		}
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads what MarshalJSON writes, and refuses anything else with a [*RefusedError]: every field must be
// known, occur once and be within bounds. It checks no signature.
func (c *Contents) UnmarshalJSON(raw []byte) error {
	read, refused := readContents(raw)
	if refused != nil {
		return refused
	}
	*c = Contents(read)
	return nil
}

// fileContents are the contents as they stand in a file.
type fileContents struct {
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

func optionalTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return license.FormatTime(t)
}

// readContents reads the contents of a file: every field must be known, occur once and be within bounds.
func readContents(raw []byte) (license.License, *RefusedError) {
	if !utf8.Valid(raw) || !json.Valid(raw) {
		return license.License{}, refuse(Malformed, "its contents are no valid JSON: ask the vendor for a new file")
	}
	var found textFaults
	in := readObject(raw, "", &found)
	if n := in.number("format"); n != format {
		return license.License{}, refuse(Malformed, "format is %d and this version reads %d: update it, or ask the vendor for a file of that format",
			n, format)
	}
	in.require("serial", "vendor", "customer", "issued", "features")
	l := readLicense(in, &found)
	return l, refusalOf(l, &found)
}

// readLicense reads the fields that files and templates have in common.
func readLicense(in *fields, found *textFaults) license.License {
	l := license.License{
		Serial: in.text("serial"), Vendor: in.text("vendor"), Customer: in.text("customer"), ServerID: in.text("server"),
		Issued: in.time("issued"), Starts: in.time("starts"), Expires: in.time("expires"),
	}
	for i, raw := range in.list("features") {
		l.Features = append(l.Features, readFeature(readObject(raw, featurePath(i), found)))
	}
	in.end()
	return l
}

func readFeature(in *fields) license.Feature {
	in.require("name", "version", "seats")
	f := license.Feature{
		Name: in.text("name"), Version: in.version("version"), Seats: in.number("seats"),
		Overdraft: in.number("overdraft"), Share: in.share("share"), Expires: in.time("expires"),
	}
	in.end()
	return f
}

// refusalOf returns nil, or the refusal that lists all faults of a licence. Bounds are checked only when all fields could
// be read.
func refusalOf(l license.License, found *textFaults) *RefusedError {
	err := found.Err()
	if err == nil {
		err = l.Validate()
	}
	if err == nil {
		return nil
	}
	if found.unknown {
		return refuseFaults(UnknownField, err, "it says what this version does not understand: update it, or ask the vendor for a file without: %s",
			oneLine(err))
	}
	return refuseFaults(Malformed, err, "ask the vendor for a correct file: %s", oneLine(err))
}

// maxFaults bounds how much of a file's faults a message tells, in bytes: a hostile file can have one every few bytes.
const maxFaults = 2000

// oneLine writes joined errors in one line of bounded length.
func oneLine(err error) string {
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	if len(text) <= maxFaults {
		return text
	}
	return strings.ToValidUTF8(text[:maxFaults], "") + " ... and more"
}
