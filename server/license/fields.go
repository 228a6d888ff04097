package license

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seatbeat/seatbeat/internal/faults"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server"
)

// timeLayout is how times are written: RFC 3339 in UTC, in whole seconds.
const timeLayout = "2006-01-02T15:04:05Z"

func timeText(t time.Time) string { return t.UTC().Format(timeLayout) }

// findings are what is wrong with a text that is being read.
type findings struct {
	faults.List
	unknown bool // one of them is a field that nobody asked for
	days    bool // a day may be written for a time
}

// fields are those of one JSON object, each to be asked for once by its name. Package encoding/json alone would take a
// name in other letters, a name twice, null, and 1e3 for a whole number.
type fields struct {
	path  string // stands before the names of fields in findings: "features[2]."
	left  map[string]json.RawMessage
	names []string // of those in left, as they came, so that findings come in that order
	found *findings
}

// readObject takes an object apart. raw has to be valid JSON.
func readObject(raw json.RawMessage, path string, found *findings) *fields {
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

// whole names the object itself in a finding.
func whole(path string) string {
	if path == "" {
		return "the whole"
	}
	return strings.TrimSuffix(path, ".")
}

// take returns the value of a field, nil if there is none.
func (f *fields) take(name string) json.RawMessage {
	value := f.left[name]
	delete(f.left, name)
	return value
}

// text returns a text, empty if the field is left out.
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

// number returns a whole number, 0 if the field is left out.
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

// time returns a time, the zero one if the field is left out.
func (f *fields) time(name string) time.Time {
	text := f.text(name)
	if text == "" {
		return time.Time{}
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil && f.found.days {
		if name == "expires" {
			day = day.AddDate(0, 0, 1) // the day is the last one
		}
		return day
	}
	t, err := time.Parse(timeLayout, text)
	if err != nil || timeText(t) != text { // the parser would take a fraction too
		f.found.Add(f.path+name, "is %s: must be a time like 2030-12-31T23:00:00Z", clip([]byte(text)))
		return time.Time{}
	}
	return t
}

// version returns a version, 0.0 if the field is left out.
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

// share returns a scope of sharing, none if the field is left out.
func (f *fields) share(name string) server.Share {
	var scope server.Share
	if err := scope.UnmarshalText([]byte(f.text(name))); err != nil {
		f.found.Add(f.path+name, "is wrong: %v", err)
	}
	return scope
}

// list returns the values of a list, none if the field is left out.
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

// require notes a field that is left out.
func (f *fields) require(names ...string) {
	for _, name := range names {
		if f.left[name] == nil {
			f.found.Add(f.path+name, "is missing")
		}
	}
}

// end notes the fields that nobody asked for.
func (f *fields) end() {
	for _, name := range f.names {
		if _, unknown := f.left[name]; unknown {
			f.found.Add(f.path+plain(name), "is not known")
			f.found.unknown = true
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

// plain returns a name for a message: quoted, and cut, unless it is one of those that fields have.
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
