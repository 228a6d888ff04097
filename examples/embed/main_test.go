package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

func TestTheServiceEndsWhenItsSeatIsRevoked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // time is virtual in here
		network := transporttest.NewNetwork()
		lic1 := network.AddServer("127.0.0.1:6200", map[string]int{"cad": 1})
		ended := make(chan error)
		go func() { ended <- hold(t.Context(), network) }()

		time.Sleep(time.Hour)
		lic1.Restart() // the seat is resumed
		time.Sleep(time.Hour)
		assert.Equal(t, 1, lic1.Held("cad"))

		lic1.RevokeFeature("cad")
		assert.ErrorIs(t, <-ended, messages.ErrLost)
	})
}

func TestTheServiceGivesItsSeatBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := transporttest.NewNetwork()
		lic1 := network.AddServer("127.0.0.1:6200", map[string]int{"cad": 1})
		ctx, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		assert.NoError(t, hold(ctx, network))
		assert.Zero(t, lic1.Held("cad"))
	})
}
