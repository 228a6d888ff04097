package licensefile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Attacks that licence servers have fallen to through their licence files.

// The class of CVE-2021-44153: a licence file names a program, and the server runs it. Here no field names a program, and a
// file that has such a field is refused, whoever signed it.
func TestALicenceThatNamesAProgramAPathOrAnAddressIsRefused(t *testing.T) {
	written := filepath.Join(t.TempDir(), "written")
	for _, field := range []string{"exec", "program", "vendor_daemon", "options", "path", "include", "log", "url", "callback", "$ref"} {
		for _, value := range []any{"/bin/touch " + written, "file://" + written, []string{"touch", written}} {
			_, err := trusting(t).Open(signedText(t, with(t, field, value)))
			assert.Equal(t, UnknownField, refusal(t, err).Reason, field)
		}
	}
	_, err := os.Stat(written)
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// The class of CVE-2020-14515 and -14519: a licence is forged. Here it is signed with another key, has a signature of another
// kind or none, or was changed after it was signed.
func TestALicenceThatIsForgedIsRefused(t *testing.T) {
	whole := string(signed(t, nil))
	payload := with(t, "serial", "forged")
	for name, file := range map[string]string{
		"another key":                 envelopeOf(payload, secretOf(t, 2)),
		"another key under the name":  envelopeWith(payload, `{"kid":"`+secretOf(t, 1).Public().ID()+`"}`, secretOf(t, 2)),
		"no signature":                header + base64url.EncodeToString([]byte(payload)),
		"a signature of zeros":        header + base64url.EncodeToString(append([]byte(payload), make([]byte, 64)...)),
		"encrypted instead of signed": strings.Replace(whole, "v4.public.", "v4.local.", 1),
		"another version":             strings.Replace(whole, "v4.public.", "v2.public.", 1),
		"a JWT without an algorithm":  "eyJhbGciOiJub25lIn0." + base64url.EncodeToString([]byte(payload)) + ".",
		"the contents alone":          payload,
	} {
		_, err := trusting(t).Open([]byte(file))
		refusal(t, err)
		assert.NotContains(t, err.Error(), "forged", "%s: what nobody signed is told on", name)
	}
}

// The class of CVE-2017-11496, -11497, -12818 and -12821: a malformed, deep or large licence file overflows its parser.
func TestALicenceThatIsMadeToOverflowIsRefused(t *testing.T) {
	for name, contents := range map[string]string{
		"nested objects":  withRaw(t, "features", strings.Repeat(`{"a":`, 5000)+"1"+strings.Repeat("}", 5000)),
		"nested lists":    withRaw(t, "features", strings.Repeat("[", 20000)+strings.Repeat("]", 20000)),
		"a number":        withRaw(t, "format", strings.Repeat("9", 5000)),
		"a huge exponent": withRaw(t, "format", "1e999999999"),
		"seats":           withRaw(t, "features", `[{"name":"f","version":"1.0","seats":18446744073709551617}]`),
		"a negative seat": withRaw(t, "features", `[{"name":"f","version":"1.0","seats":-1}]`),
		"many features":   withRaw(t, "features", "["+strings.Repeat(`{},`, 10000)+"{}]"),
		"a long text":     with(t, "customer", strings.Repeat("x", 40_000)),
		"a zero byte":     with(t, "customer", "a\x00b"),
	} {
		_, err := trusting(t).Open(signedText(t, contents))
		assert.Less(t, len(refusal(t, err).Error()), 4096, name)
	}
	_, err := trusting(t).Open([]byte(header + strings.Repeat("A", 1<<20)))
	refusal(t, err)
}
