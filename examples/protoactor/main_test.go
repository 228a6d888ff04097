package main

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// visit is a customer at the desk in virtual time, with one licence server that has one seat.
type visit struct {
	*testing.T
	network *transporttest.Network
	server  *transporttest.Server
	system  *actor.ActorSystem
	desk    *actor.PID
}

// atDesk runs a test as a customer of the desk, and asserts that the seat is given back afterwards.
func atDesk(t *testing.T, test func(v *visit)) {
	synctest.Test(t, func(t *testing.T) {
		network := transporttest.NewNetwork()
		server := network.AddServer("127.0.0.1:6200", map[string]int{"render": 1})
		system := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
			return slog.New(slog.NewTextHandler(io.Discard, nil))
		}))
		defer time.Sleep(2 * system.Config.DeadLetterThrottleInterval) // until the last goroutine of protoactor has ended
		defer system.Shutdown()
		err := serve(t.Context(), system, network, func(_ context.Context, system *actor.ActorSystem, desk *actor.PID) {
			synctest.Wait()
			test(&visit{t, network, server, system, desk})
		})
		require.NoError(t, err)
		assert.Zero(t, server.Held("render"))
	})
}

// order sends an order and returns the answer of the desk.
func (v *visit) order(number int) string {
	v.Helper()
	answer, err := v.system.Root.RequestFuture(v.desk, order{number}, time.Second).Result()
	require.NoError(v, err)
	return answer.(string)
}

func TestTheDeskTakesOrdersWhileItHoldsASeat(t *testing.T) {
	atDesk(t, func(v *visit) {
		assert.Equal(v, "order 1: taken", v.order(1))
		time.Sleep(time.Minute)
		v.server.Restart()
		time.Sleep(time.Minute)
		assert.Equal(v, "order 2: taken", v.order(2))
	})
}

func TestTheDeskIsClosedWhileItHoldsNone(t *testing.T) {
	atDesk(t, func(v *visit) {
		v.server.SetSeats("render", 0)
		v.server.RevokeFeature("render")
		time.Sleep(time.Minute)
		assert.Contains(v, v.order(1), "order 1: closed: checkout render 1.0 x1: 127.0.0.1:6200: NoSeats")

		v.server.SetSeats("render", 1)
		time.Sleep(time.Minute)
		assert.Equal(v, "order 2: taken", v.order(2))
	})
}

func TestTheDeskIsClosedWhenNoServerIsReached(t *testing.T) {
	atDesk(t, func(v *visit) {
		v.server.Down()
		time.Sleep(10 * time.Minute)
		assert.Contains(v, v.order(1), "order 1: closed: ")

		v.server.Restart()
		time.Sleep(time.Minute)
		assert.Equal(v, "order 2: taken", v.order(2))
	})
}

func TestAnAnswerToADeskThatWasRestartedIsGivenBack(t *testing.T) {
	atDesk(t, func(v *visit) {
		v.server.SetSeats("render", 2)
		other, err := supervisor.Start(v.Context(), supervisor.Config{
			System: v.system, Transport: v.network, Servers: []transport.Address{"127.0.0.1:6200"},
		})
		require.NoError(v, err)
		license, err := other.Checkout(v.Context(), messages.Checkout{Feature: "render"})
		require.NoError(v, err)
		require.Equal(v, 2, v.server.Held("render"))

		v.system.Root.Send(v.desk, answered{to: &desk{}, license: license})
		synctest.Wait()
		assert.Equal(v, 1, v.server.Held("render"))
		require.NoError(v, other.Close(v.Context()))
	})
}
