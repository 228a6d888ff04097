package server

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
	"github.com/seatbeat/seatbeat/transport/wire"
)

func TestClientsThatClaimTheSameUserShareASeat(t *testing.T) {
	_, address, _ := serve(t, Config{Features: []license.Feature{{Name: "f", Seats: 1, Share: license.ShareUser}}})
	client := plain(t, address)
	take := func(instance byte, user string) *wire.Outcome {
		id := append([]byte{instance}, make([]byte, 15)...)
		hello, err := client.Connect(t.Context(), &wire.ConnectRequest{Instance: id, User: user})
		require.NoError(t, err)
		reply, err := client.Checkout(t.Context(), &wire.CheckoutRequest{
			Caller: &wire.Caller{Instance: id, Session: hello.GetSession()},
			Takes:  []*wire.Take{{Request: id, Feature: "f", Count: 1}},
		})
		require.NoError(t, err)
		return reply.GetOutcomes()[0]
	}
	assert.Equal(t, wire.Result_RESULT_GRANTED, take(1, "ann").GetResult())
	assert.Equal(t, wire.Result_RESULT_GRANTED, take(2, "ann").GetResult())
	assert.Equal(t, wire.Reason_REASON_NO_SEATS, take(3, "bob").GetReason())
	assert.Equal(t, wire.Reason_REASON_NO_SEATS, take(4, "").GetReason(), "who claims nothing shares with nobody")
}

func TestASessionThatContinuesAfterARestartKeepsItsShareGroup(t *testing.T) {
	config := Config{Ledger: &ledger.Memory{}, Features: []license.Feature{{Name: "f", Version: messages.V(1, 0), Seats: 1, Share: license.ShareUser}}}
	s, address, _ := serve(t, config)
	callers := map[string]*wire.Caller{}
	for i, user := range []string{"ann", "ann too", "bob"} {
		id := append([]byte{byte(i + 1)}, make([]byte, 15)...)
		hello, err := plain(t, address).Connect(t.Context(), &wire.ConnectRequest{Instance: id, User: user})
		require.NoError(t, err)
		callers[user] = &wire.Caller{Instance: id, Session: hello.GetSession()}
	}
	take := func(caller, user string) wire.Result {
		reply, err := plain(t, address).Checkout(t.Context(), &wire.CheckoutRequest{
			Caller: callers[caller], User: user,
			Takes: []*wire.Take{{Request: randomID(), Feature: "f", Count: 1}},
		})
		require.NoError(t, err)
		return reply.GetOutcomes()[0].GetResult()
	}
	require.Equal(t, wire.Result_RESULT_GRANTED, take("ann", "ann"))
	assert.Equal(t, wire.Result_RESULT_REFUSED, take("bob", "ann"), "what was said at Connect counts")

	require.NoError(t, s.Stop(t.Context()))
	_, address, _ = serve(t, config)
	assert.Equal(t, wire.Result_RESULT_GRANTED, take("ann too", "ann"))
	assert.Equal(t, wire.Result_RESULT_REFUSED, take("bob", "bob"))
	assert.Equal(t, wire.Result_RESULT_REFUSED, take("bob", "ann"), "the first word counts")
}
