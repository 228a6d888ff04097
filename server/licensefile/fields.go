package licensefile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seatbeat/seatbeat/internal/faults"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/license"
)

// textFaults collects the faults of a text while it is read.
type textFaults struct {
	faults.List
	unknown bool // one of the faults is an unknown field
	days    bool // a day may stand for a time: true for templates
}

// addUnknown adds a fault for a field that this version does not know.
func (f *textFaults) addUnknown(name string) {
	f.Add(name, "is not known")
	f.unknown = true
}

// fields are the fields of one JSON object. The reader asks for each of them once, by name. Package encoding/json alone
// would accept a name in other letters, a name that occurs twice, null, and 1e3 as a whole number.
type fields struct {
	path  string // prefix of field names in faults: "features[2]."
	left  map[string]json.RawMessage
	names []string // of the fields in left, in the order of the text, which is the order of the faults
	found *textFaults
}

// readObject splits an object into its fields. raw has to be valid JSON.
func readObject(raw json.RawMessage, path string, found *textFaults) *fields {
	f := &fields{path: path, left: map[string]json.RawMessage{}, found: found}
	in := json.NewDecoder(bytes.NewReader(raw))
	if start, err := in.Token(); err != nil || start != json.Delim('{') {
		found.Add(whole(path), "is %s: must be an object", shown(raw))
		return f
	}
	for in.More() {
		key, err := in.Token()
		name, ok := key.(string)
		var value json.RawMessage
		if err != nil || !ok || in.Decode(&value) != nil {
			found.Add(whole(path), "is no valid JSON")
			return f
		}
		if _, taken := f.left[name]; taken {
			found.Add(path+plain(name), "occurs twice")
			continue
		}
		f.left[name], f.names = value, append(f.names, name)
	}
	return f
}

// featurePath is the prefix of the field names of one feature, as in the faults of [license.License.Validate].
func featurePath(i int) string { return fmt.Sprintf("features[%d].", i) }

// whole names the object itself in a fault.
func whole(path string) string {
	if path == "" {
		return "the whole"
	}
	return strings.TrimSuffix(path, ".")
}

// take returns the value of a field, nil when the field is left out.
func (f *fields) take(name string) json.RawMessage {
	value := f.left[name]
	delete(f.left, name)
	return value
}

// text returns a text, empty when the field is left out.
func (f *fields) text(name string) string {
	raw := f.take(name)
	if raw == nil {
		return ""
	}
	var text string
	if raw[0] != '"' || json.Unmarshal(raw, &text) != nil {
		f.found.Add(f.path+name, "is %s: must be text in quotes", shown(raw))
		return ""
	}
	if text == "" {
		f.found.Add(f.path+name, "is empty: write something or leave it out")
	}
	return text
}

// number returns a whole number, 0 when the field is left out.
func (f *fields) number(name string) int {
	raw := f.take(name)
	if raw == nil {
		return 0
	}
	n, err := strconv.Atoi(string(raw))
	if err != nil || strconv.Itoa(n) != string(raw) {
		f.found.Add(f.path+name, "is %s: must be a whole number within bounds", shown(raw))
		return 0
	}
	return n
}

// time returns a time, the zero time when the field is left out.
func (f *fields) time(name string) time.Time {
	text := f.text(name)
	if text == "" {
		return time.Time{}
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil && f.found.days {
		if name == "expires" {
			day = day.AddDate(0, 0, 1) // the licence is still valid on its last day
		}
		return day
	}
	t, err := time.Parse(license.TimeLayout, text)
	if err != nil || license.FormatTime(t) != text { // the parser alone would accept a fraction of a second
		f.found.Add(f.path+name, "is %s: must be a time like 2030-12-31T23:00:00Z", clip([]byte(text)))
		return time.Time{}
	}
	return t
}

// version returns a version, 0.0 when the field is left out.
func (f *fields) version(name string) messages.Version {
	text := f.text(name)
	if text == "" {
		return messages.Version{}
	}
	v, ok := parseVersion(text)
	if !ok {
		f.found.Add(f.path+name, "is %s: must be two numbers of 0 to %d, like \"2.10\"", clip([]byte(text)), messages.MaxVersion)
	}
	return v
}

// share returns a scope of sharing, none when the field is left out.
func (f *fields) share(name string) license.Share {
	var scope license.Share
	if err := scope.UnmarshalText([]byte(f.text(name))); err != nil {
		f.found.Add(f.path+name, "is wrong: %v", err)
	}
	return scope
}

// list returns the values of a list, none when the field is left out.
func (f *fields) list(name string) []json.RawMessage {
	raw := f.take(name)
	if raw == nil {
		return nil
	}
	var values []json.RawMessage
	if raw[0] != '[' || json.Unmarshal(raw, &values) != nil {
		f.found.Add(f.path+name, "is %s: must be a list", shown(raw))
	}
	return values
}

// require adds a fault for each of these fields that is left out.
func (f *fields) require(names ...string) {
	for _, name := range names {
		if f.left[name] == nil {
			f.found.Add(f.path+name, "is missing")
		}
	}
}

// end adds a fault for each field that the reader has not asked for.
func (f *fields) end() {
	for _, name := range f.names {
		if _, unknown := f.left[name]; unknown {
			f.found.addUnknown(f.path + plain(name))
		}
	}
}

// parseVersion reads what [messages.Version.String] writes.
func parseVersion(text string) (messages.Version, bool) {
	major, minor, _ := bytes.Cut([]byte(text), []byte("."))
	a, err1 := strconv.Atoi(string(major))
	b, err2 := strconv.Atoi(string(minor))
	v := messages.V(a, b)
	inBounds := func(n int) bool { return n >= 0 && n <= messages.MaxVersion }
	ok := err1 == nil && err2 == nil && v.String() == text && inBounds(a) && inBounds(b)
	return v, ok
}

// plain returns a field name for a message: as it is when it looks like a name of ours, otherwise quoted and clipped.
func plain(name string) string {
	odd := func(r rune) bool { return (r < 'a' || r > 'z') && r != '_' }
	if len(name) <= 32 && name != "" && !slices.ContainsFunc([]rune(name), odd) {
		return name
	}
	return clip([]byte(name))
}

// shown returns a value for a message: text in quotes, a number or a word as it is.
func shown(raw json.RawMessage) string {
	var text string
	switch {
	case raw[0] == '{' || raw[0] == '[' || len(raw) > 40:
		return clip(raw)
	case raw[0] == '"' && json.Unmarshal(raw, &text) == nil:
		return clip([]byte(text))
	default:
		return string(raw)
	}
}

// clip returns the beginning of a text, quoted, for a message.
func clip(text []byte) string {
	const most = 40
	if len(text) > most {
		return strconv.Quote(string(text[:most])) + "..."
	}
	return strconv.Quote(string(text))
}
