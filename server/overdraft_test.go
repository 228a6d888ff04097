package server

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/transport/wire"
)

func TestAGrantPastTheSeatsIsMarkedForTheClientAndInTheLog(t *testing.T) {
	var log syncBuffer
	_, address, _ := serve(t, Config{
		Features: []Feature{{Name: "f", Version: v1, Seats: 1, Overdraft: 1}}, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	seats := plain(t, address)
	caller := connectRaw(t, seats)
	for i, past := range []bool{false, true} {
		reply, err := seats.Checkout(t.Context(), &wire.CheckoutRequest{
			Caller: caller, Takes: []*wire.Take{{Request: randomID(), Feature: "f", Count: 1}},
		})
		require.NoError(t, err)
		require.Equal(t, wire.Result_RESULT_GRANTED, reply.GetOutcomes()[0].GetResult())
		assert.Equal(t, past, reply.GetOutcomes()[0].GetOverdraft())
		assert.Equal(t, i, strings.Count(log.String(), `msg="granted past the seats that were bought" feature=f count=1 lease=`))
	}
}
