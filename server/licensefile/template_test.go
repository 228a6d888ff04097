package licensefile

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/license"
)

const smallTemplate = `
vendor: V
customer: C
features: [{name: f, version: 2.10, seats: 3}]
`

func TestExampleTemplateIsALicence(t *testing.T) {
	l, err := ParseTemplate([]byte(ExampleTemplate), now)
	require.NoError(t, err)
	assert.NotEmpty(t, l.Serial)
	l.Serial = ""
	assert.Equal(t, license.License{
		Vendor: "Example Software", Customer: "Customer Ltd.", Issued: now, Expires: time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC),
		Features: []license.Feature{
			{Name: "f1", Version: messages.V(9, 9), Seats: 5},
			{Name: "f2", Version: messages.V(2, 10), Seats: 100, Overdraft: 10, Share: license.ShareUser, Expires: time.Date(2030, 7, 1, 0, 0, 0, 0, time.UTC)},
		},
	}, l)
}

func TestTemplateTakesWhatIsOptional(t *testing.T) {
	l, err := ParseTemplate([]byte(smallTemplate+"serial: A-7\nserver: S1\nissued: 2029-01-01\nstarts: 2030-01-01\nexpires: 2030-12-31T18:00:00Z"), now)
	require.NoError(t, err)
	assert.Equal(t, license.License{
		Serial: "A-7", Vendor: "V", Customer: "C", ServerID: "S1", Issued: time.Date(2029, 1, 1, 0, 0, 0, 0, time.UTC),
		Starts: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), Expires: time.Date(2030, 12, 31, 18, 0, 0, 0, time.UTC),
		Features: []license.Feature{{Name: "f", Version: messages.V(2, 10), Seats: 3}},
	}, l)
}

func TestEachTemplateHasASerialOfItsOwn(t *testing.T) {
	one, err := ParseTemplate([]byte(smallTemplate), now)
	require.NoError(t, err)
	other, err := ParseTemplate([]byte(smallTemplate), now)
	require.NoError(t, err)
	assert.NotEqual(t, one.Serial, other.Serial)
}

func TestFaultyTemplatesNameWhatIsWrong(t *testing.T) {
	for says, text := range map[string]string{
		"it is empty":                       "# nothing\n",
		"more than one document":            smallTemplate + "---\na: b\n",
		"more than 65536 bytes":             strings.Repeat("#", MaxSize+1),
		"colour is not known":               smallTemplate + "colour: red\n",
		"format is not known":               smallTemplate + "format: 1\n",
		"vendor occurs twice":               smallTemplate + "vendor: W\n",
		"serial is 2030: must be text":      smallTemplate + "serial: 2030\n",
		"serial is null: must be text":      smallTemplate + "serial:\n",
		"starts is \"tomorrow\": must be":   smallTemplate + "starts: tomorrow\n",
		"has an alias":                      "vendor: &v V\ncustomer: *v\n",
		"did not find expected":             "vendor: [",
		"the whole is":                      "- vendor\n",
		"customer is missing":               "vendor: V\nfeatures: [{name: f, version: 1.0, seats: 3}]\n",
		"features[0].seats is missing":      "vendor: V\ncustomer: C\nfeatures: [{name: f, version: 1.0}]\n",
		"features[0].seats is \"0x10\"":     "vendor: V\ncustomer: C\nfeatures: [{name: f, version: 1.0, seats: 0x10}]\n",
		"features[0].price is not known":    "vendor: V\ncustomer: C\nfeatures: [{name: f, version: 1.0, seats: 1, price: 9}]\n",
		"features[0].version is 1: must":    "vendor: V\ncustomer: C\nfeatures: [{name: f, version: 1, seats: 1}]\n",
		"features[0].version is \"true\"":   "vendor: V\ncustomer: C\nfeatures: [{name: f, version: true, seats: 1}]\n",
		"features is \"f\": must be a list": "vendor: V\ncustomer: C\nfeatures: f\n",
	} {
		_, err := ParseTemplate([]byte(text), now)
		assert.ErrorContains(t, err, says)
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add([]byte(ExampleTemplate))
	f.Add([]byte("a: &a [*a]\n? {b: c}\n: d\n<<: *a"))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := ParseTemplate(text, now)
		if err != nil {
			return
		}
		if _, err = Sign(l, secretOf(t, 1)); err != nil {
			require.ErrorContains(t, err, "split its features", "it is as large a licence as a template can hold")
		}
	})
}
