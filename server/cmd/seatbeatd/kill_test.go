//go:build unix

package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// killsVar is the environment variable with the number of kills of TestSeatsOutliveKillsOfTheProgram. Default 20.
const killsVar = "SEATBEAT_KILLS"

// TestSeatsOutliveKillsOfTheProgram kills seatbeatd again and again under load, with mutual TLS, at failpoints of a commit
// and at random moments. After each kill every acknowledged lease is held, no lease is held twice, and a request that was
// not answered is done completely or not at all. Repeating it with the same request id completes it.
func TestSeatsOutliveKillsOfTheProgram(t *testing.T) {
	kills := 20
	if text := os.Getenv(killsVar); text != "" {
		var err error
		kills, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	k := newKillHarness(t)
	for i := range kills {
		k.incarnation(killPoints[i%len(killPoints)])
		k.compare()
		if (i+1)%100 == 0 {
			t.Logf("%d kills: %s", i+1, k)
		}
	}
	t.Logf("%d kills: %s", kills, k)

	p := serveDev(t, k.folder)
	c := connect(t, p, k.folder)
	c.caller.Instance, k.caller, k.seats = k.caller.Instance, c.caller, c.seats
	require.True(t, k.resolves())
	for _, s := range slices.Collect(maps.Values(k.held)) {
		k.beginReturn(s)
		require.True(t, k.checkin(s))
	}
	require.Equal(t, 0, p.stops())
	assert.Empty(t, k.inLedger())
	assert.FileExists(t, filepath.Join(k.folder, "ledger"))
}
