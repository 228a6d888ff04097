package licensefile

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/license"
)

// now is the time of all tests; they state other times relative to it.
var now = time.Date(2030, 6, 1, 12, 0, 0, 0, time.UTC)

const thisServer = "S1"

// secretOf returns the same key for the same number.
func secretOf(t require.TestingT, n byte) SecretKey {
	raw := ed25519Of(n)
	key, err := ParseSecretKey(secretPrefix + base64url.EncodeToString(raw))
	require.NoError(t, err)
	return key
}

// trusting is a verifier that trusts the key with number 1.
func trusting(t testing.TB) Verifier {
	t.Helper()
	return Verifier{Keys: []PublicKey{secretOf(t, 1).Public()}, ServerID: thisServer, Now: now}
}

// example is a licence that is valid now; change may make it another one.
func example(change func(*license.License)) license.License {
	l := license.License{
		Serial: "L-1", Vendor: "Vendor Inc.", Customer: "Customer Ltd.", Issued: now.Add(-time.Hour),
		Features: []license.Feature{{Name: "f1", Version: messages.V(2, 10), Seats: 5}},
	}
	if change != nil {
		change(&l)
	}
	return l
}

// signed is the file of a licence, with the key with number 1.
func signed(t testing.TB, change func(*license.License)) []byte {
	t.Helper()
	file, err := Sign(example(change), secretOf(t, 1))
	require.NoError(t, err)
	return file
}

// signedText is a file with these contents, right or wrong.
func signedText(t testing.TB, contents string) []byte {
	t.Helper()
	return []byte(envelopeOf(contents, secretOf(t, 1)))
}

// with returns the contents of the example with a field changed or added, or removed when value is nil.
func with(t testing.TB, field string, value any) string {
	t.Helper()
	text, err := json.Marshal(Contents(example(nil)))
	require.NoError(t, err)
	all := map[string]any{}
	require.NoError(t, json.Unmarshal(text, &all))
	all[field] = value
	if value == nil {
		delete(all, field)
	}
	text, err = json.Marshal(all)
	require.NoError(t, err)
	return string(text)
}

// withRaw is with for a value that package json would not write.
func withRaw(t testing.TB, field, raw string) string {
	t.Helper()
	return strings.Replace(with(t, field, "@"), `"@"`, raw, 1)
}

func refusal(t testing.TB, err error) *RefusedError {
	t.Helper()
	var refused *RefusedError
	require.ErrorAs(t, err, &refused)
	return refused
}
