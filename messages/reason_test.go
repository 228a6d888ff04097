package messages

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryReasonHasANameOfItsOwn(t *testing.T) {
	names := map[string]Reason{}
	for r := range reasons {
		if r != NoReason {
			assert.NotEmpty(t, r.String(), "reason %d", r)
		}
		other, taken := names[r.String()]
		assert.False(t, taken, "reasons %d and %d are both %q", other, r, r)
		names[r.String()] = r
	}
}

func TestReasonsRoundTripThroughJSON(t *testing.T) {
	for want := range reasons {
		text, err := json.Marshal(want)
		require.NoError(t, err)
		var got Reason
		require.NoError(t, json.Unmarshal(text, &got))
		assert.Equal(t, want, got, "%s", text)
	}
}

func TestReasonOfAnotherTextIsAnError(t *testing.T) {
	r := Revoked
	require.ErrorContains(t, r.UnmarshalText([]byte("revoked?")), `unknown reason "revoked?"`)
	assert.Equal(t, Revoked, r, "it is left alone")
}

func TestReasonOutOfBoundsHasItsNumber(t *testing.T) {
	assert.Equal(t, "Reason(200)", Reason(200).String())
}
