package actors

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// faults makes actors panic, each time at the next of these places: "before feature *protocol.Checkin".
type faults []string

func (f *faults) inject(point, who string, message any) {
	where := fmt.Sprintf("%s %s %T", point, who, message)
	if len(*f) > 0 && (*f)[0] == where {
		*f = slices.Delete(*f, 0, 1)
		panic("injected " + where)
	}
}

// holding runs a test in a bubble, with one checkout that is held at one server.
func holding(t *testing.T, faults *faults, test func(t *testing.T, f *Feature, server *transporttest.Server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := transporttest.NewNetwork()
		server := network.AddServer("s1:1", map[string]int{"f2": 10})
		silent := func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }
		system := actor.NewActorSystem(actor.WithLoggerFactory(silent))
		tree, err := Start(t.Context(), Host{
			System: system, Name: "test", Transport: network, Client: transport.Client{Name: "test"},
			Logger: slog.New(slog.DiscardHandler), Publish: func(messages.Event) {}, Exit: func(messages.Exited) {},
			Wall: time.Now, Seed: func() [32]byte { return [32]byte{1} }, Fault: faults.inject,
		}, protocol.Settings{
			Servers: []messages.Address{"s1:1"}, Attempts: 3, Interval: time.Minute, FailoverRounds: 1, ConnectTimeout: 5 * time.Second,
		})
		require.NoError(t, err)
		var f Feature
		require.NoError(t, f.Start(t.Context(), tree, messages.Checkout{Feature: "f2"}))
		test(t, &f, server)
		require.NoError(t, tree.Close(t.Context()))
		system.Shutdown()
		time.Sleep(2 * system.Config.DeadLetterThrottleInterval) // its throttle is a goroutine
	})
}

// A message that is lost in a panic must not be forgotten when the restart after it panics, too.
func TestACheckinOutlivesAPanicOfTheRestart(t *testing.T) {
	f := faults{"before feature *protocol.Checkin", "before feature *protocol.Restarted"}
	holding(t, &f, func(t *testing.T, f *Feature, server *transporttest.Server) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.NoError(t, f.Checkin(ctx))
		require.ErrorIs(t, f.Err(), messages.ErrCheckedIn)
		synctest.Wait()
		assert.Zero(t, server.HeldTotal())
	})
	assert.Empty(t, f, "each place was reached")
}
