package messages

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryStateHasANameOfItsOwn(t *testing.T) {
	names := map[string]State{}
	for s := range States {
		assert.NotEmpty(t, s.String(), "state %d", s)
		other, taken := names[s.String()]
		assert.False(t, taken, "states %d and %d are both %q", other, s, s)
		names[s.String()] = s
	}
	assert.Equal(t, "State(200)", State(200).String())
}

func TestStatesAreLiveOrFinalButTheFirst(t *testing.T) {
	live := []State{StateHeld, StateReconnecting, StateRetaking, StateFailingOver}
	final := []State{StateLost, StateExited, StateUnavailable, StateCheckedIn}
	for s := range States {
		assert.Equal(t, slices.Contains(live, s), s.Live(), "%s live", s)
		assert.Equal(t, slices.Contains(final, s), s.Final(), "%s final", s)
	}
	assert.False(t, States.Final(), "no state")
}

func TestStateIsANameInJSON(t *testing.T) {
	text, err := json.Marshal(StateHeld)
	require.NoError(t, err)
	assert.JSONEq(t, `"Held"`, string(text))
}

func TestStatesAreReadBackFromTheirText(t *testing.T) {
	for s := range States {
		text, err := s.MarshalText()
		require.NoError(t, err)
		var back State
		require.NoError(t, back.UnmarshalText(text))
		assert.Equal(t, s, back)
	}
	var s State
	assert.ErrorContains(t, s.UnmarshalText([]byte("Hold")), `unknown state "Hold"`)
}
