package license

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestScopesOfSharingAreWords(t *testing.T) {
	for _, scope := range []Share{ShareNone, ShareUser, ShareHost, ShareString} {
		text, err := json.Marshal(scope)
		require.NoError(t, err)
		var back Share
		require.NoError(t, json.Unmarshal(text, &back))
		assert.Equal(t, scope, back)
	}
	var s Share
	assert.NoError(t, s.UnmarshalText(nil))
	assert.ErrorContains(t, s.UnmarshalText([]byte("site")), `"site" is no scope of sharing`)
	_, err := Share(Shares).MarshalText()
	assert.ErrorContains(t, err, "Share(4) is no scope of sharing")
}
