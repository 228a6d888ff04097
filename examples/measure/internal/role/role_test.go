package role_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/examples/measure/internal/role"
)

func TestMain(m *testing.M) {
	role.Main(map[string]role.Role{"adder": adder})
	os.Exit(m.Run())
}

// adder is a role that adds the numbers of its orders. Its setup names a file that it writes when it is told to end.
func adder(setup json.RawMessage) (func(json.RawMessage) (any, error), func() error, error) {
	var farewell string
	if err := json.Unmarshal(setup, &farewell); err != nil {
		return nil, nil, fmt.Errorf("read setup: %w", err)
	}
	sum := 0
	answer := func(order json.RawMessage) (any, error) {
		var n int
		if err := json.Unmarshal(order, &n); err != nil || n == 0 {
			return nil, errors.New("not a number to add")
		}
		sum += n
		return sum, nil
	}
	return answer, func() error { return os.WriteFile(farewell, nil, 0o600) }, nil
}

func TestProcessAnswersOrders(t *testing.T) {
	p := start(t, filepath.Join(t.TempDir(), "farewell"))
	var sum int
	require.NoError(t, p.Ask(2, &sum))
	require.NoError(t, p.Ask(3, &sum))
	assert.Equal(t, 5, sum)
}

func TestErrorOfARoleIsReturnedAndTheProcessGoesOn(t *testing.T) {
	p := start(t, filepath.Join(t.TempDir(), "farewell"))
	assert.EqualError(t, p.Ask(0, nil), "not a number to add")
	var sum int
	require.NoError(t, p.Ask(1, &sum))
	assert.Equal(t, 1, sum)
}

func TestEndLetsTheRoleEndWhatItStarted(t *testing.T) {
	farewell := filepath.Join(t.TempDir(), "farewell")
	require.NoError(t, start(t, farewell).End())
	assert.FileExists(t, farewell)
}

func TestEndReturnsTheErrorOfTheRole(t *testing.T) {
	p := start(t, filepath.Join(t.TempDir(), "no folder", "farewell"))
	assert.ErrorContains(t, p.End(), "no folder")
}

func TestKilledProcessEndsNothing(t *testing.T) {
	farewell := filepath.Join(t.TempDir(), "farewell")
	p := start(t, farewell)
	require.NoError(t, p.Signal(os.Kill))
	assert.ErrorContains(t, p.Ask(1, nil), "adder ended")
	assert.NoFileExists(t, farewell)
}

func TestProcessThatCannotStartSaysWhy(t *testing.T) {
	_, err := role.Start(t.Context(), "adder", 1)
	assert.ErrorContains(t, err, "adder ended: read setup: ")
	_, err = role.Start(t.Context(), "juggler", nil)
	assert.ErrorContains(t, err, "is not a role")
}

func start(t *testing.T, farewell string) *role.Process {
	t.Helper()
	p, err := role.Start(t.Context(), "adder", farewell)
	require.NoError(t, err)
	t.Cleanup(p.Kill)
	return p
}
