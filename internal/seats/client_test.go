package seats

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
)

func TestAClientWithACallInFlightIsNotForgotten(t *testing.T) {
	cs := NewClients(Limits{Clients: 1, InFlight: 1, IdentityClients: 1, IdentityRate: 1, IdentityBurst: 1}, time.Second)
	c, err := cs.Enter(ledger.Holder{Instance: [16]byte{1}}, 1, 0)
	require.NoError(t, err)
	cs.Rest(time.Hour, time.Hour)
	assert.Same(t, c, cs.get(c.index))
	assert.Equal(t, 1, cs.Count())
	c.Leave(0)
	cs.Rest(time.Hour, time.Hour)
	assert.Zero(t, cs.Count())
	assert.Zero(t, cs.Remembered())
	assert.Empty(t, cs.accounts)
}

func TestAClaimedNameIsNotAProvenOne(t *testing.T) {
	assert.NotEqual(t, newShareKey(license.ShareUser, true, "ann"), newShareKey(license.ShareUser, false, "ann"))
	assert.NotEqual(t, newShareKey(license.ShareUser, false, "ann"), newShareKey(license.ShareHost, false, "ann"))
	assert.Zero(t, newShareKey(license.ShareUser, true, ""))
}
