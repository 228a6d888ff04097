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

// killsVar says how often TestSeatsOutliveKillsOfTheProgram kills.
const killsVar = "SEATBEAT_KILLS"

// TestSeatsOutliveKillsOfTheProgram has seatbeatd die again and again under load, with mutual TLS, at named points around a
// commit and at any moment. What was acknowledged is held after each, nothing is held twice, and what was not answered is
// there whole or not at all, and settled by asking again under the same request id.
func TestSeatsOutliveKillsOfTheProgram(t *testing.T) {
	kills := 20
	if text := os.Getenv(killsVar); text != "" {
		var err error
		kills, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	k := newKillHarness(t)
	for i := range kills {
		k.life(killPoints[i%len(killPoints)])
		k.compare()
		if (i+1)%100 == 0 {
			t.Logf("%d kills: %s", i+1, k)
		}
	}
	t.Logf("%d kills: %s", kills, k)

	p := serveDev(t, k.folder)
	c := connect(t, p, k.folder)
	c.caller.Instance, k.caller, k.seats = k.caller.Instance, c.caller, c.seats
	require.True(t, k.settled())
	for _, s := range slices.Collect(maps.Values(k.held)) {
		k.leave(s)
		require.True(t, k.giveBack(s))
	}
	require.Equal(t, 0, p.stops())
	assert.Empty(t, k.inLedger())
	assert.FileExists(t, filepath.Join(k.folder, "ledger"))
}
