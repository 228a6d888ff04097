package licensefile

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/seatbeat/seatbeat/server/license"
)

// ExampleTemplate is a template for [ParseTemplate] to start from.
const ExampleTemplate = `# A licence to be signed. Leave out what is optional.
vendor: Example Software
customer: Customer Ltd.
# serial: "2030-0001"   # optional: your name of this licence; otherwise one is drawn
# server: "0123abcd"    # optional: the ServerID of the one server that may use it
# starts: 2030-01-01    # optional: the first day it is valid, in UTC
expires: 2030-12-31     # optional: the last day it is valid, in UTC; or a time, 2030-12-31T18:00:00Z
features:
  - name: f1
    version: "9.9"      # the highest version served
    seats: 5
  - name: f2
    version: "2.10"
    seats: 100
    overdraft: 10       # optional: so many more are granted, marked as such
    share: user         # optional: one seat for all of one user; also host, or share for a share string
    expires: 2030-06-30 # optional: this feature ends before the licence does
`

// ParseTemplate reads a licence to be signed from YAML text; [ExampleTemplate] is an example. A template has the fields of
// a licence file except format. A serial that is left out is drawn at random; issued defaults to now. A day may stand for
// a time: its beginning for starts, its end for expires, in UTC. All faults are returned joined, each a
// [*messages.FieldError].
func ParseTemplate(text []byte, now time.Time) (license.License, error) {
	l, err := parseTemplate(text)
	if err != nil {
		return license.License{}, fmt.Errorf("parse template: %w", err)
	}
	if l.Serial == "" {
		l.Serial = rand.Text()
	}
	if l.Issued.IsZero() {
		l.Issued = now.UTC().Truncate(time.Second)
	}
	if err := l.Validate(); err != nil {
		return license.License{}, fmt.Errorf("parse template: %w", err)
	}
	return l, nil
}

func parseTemplate(text []byte) (license.License, error) {
	if len(text) > MaxSize {
		return license.License{}, fmt.Errorf("it has more than %d bytes", MaxSize)
	}
	in := yaml.NewDecoder(bytes.NewReader(text))
	var document, more yaml.Node
	if err := in.Decode(&document); errors.Is(err, io.EOF) {
		return license.License{}, errors.New("it is empty")
	} else if err != nil {
		return license.License{}, err
	}
	if err := in.Decode(&more); !errors.Is(err, io.EOF) {
		return license.License{}, errors.New("it has more than one document, or something after its end")
	}
	var raw bytes.Buffer
	if err := writeJSON(&raw, document.Content[0]); err != nil {
		return license.License{}, err
	}
	found := textFaults{days: true}
	l := readLicense(readObject(raw.Bytes(), "", &found), &found)
	return l, found.Err()
}
