package licensefile

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzOpen: whatever a file contains, it opens only when a trusted key signed it and when it is within bounds.
func FuzzOpen(f *testing.F) {
	f.Add(signed(f, nil))
	f.Add([]byte(envelopeOf(with(f, "colour", "red"), secretOf(f, 1))))
	f.Add([]byte(secretOf(f, 1).Public().String()))
	f.Fuzz(func(t *testing.T, file []byte) {
		verifier := trusting(t)
		l, err := verifier.Open(file)
		if err != nil {
			refusal(t, err)
			require.Zero(t, l)
		} else {
			require.NoError(t, l.Validate())
		}
		if peeked, err := ParseUnverified(file); err == nil {
			require.NoError(t, peeked.License.Validate())
		} else {
			refusal(t, err)
		}
	})
}

// FuzzContents: contents that can be read are written the same again.
func FuzzContents(f *testing.F) {
	for _, contents := range []string{
		with(f, "server", "S1"), with(f, "colour", "red"), withRaw(f, "serial", `"a","serial":"b"`), withRaw(f, "format", "2"),
		withRaw(f, "issued", `"2030-01-01T00:00:00.5Z"`), `{"format":1,"features":[{"seats":1e3},7,null]}`,
	} {
		f.Add([]byte(contents))
	}
	f.Fuzz(func(t *testing.T, contents []byte) {
		l, refused := readContents(contents)
		if refused != nil {
			require.NotEmpty(t, refused.Error())
			require.Less(t, len(refused.Error()), 1<<20)
			return
		}
		written, err := json.Marshal(Contents(l))
		require.NoError(t, err)
		again, refused := readContents(written)
		require.Nil(t, refused)
		require.Equal(t, l, again)
	})
}
