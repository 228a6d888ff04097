package supervisor_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// This file shows how to test a service that embeds seatbeat. The service is a farm that renders one frame a second while it
// holds a seat. Its tests use a fake network in virtual time: an hour takes milliseconds.

// farm renders while it holds a seat. When it loses the seat, it asks again after a while. Without any server it stops.
type farm struct {
	servers transport.Transport
	frames  int
}

var errNoServer = errors.New("no license server")

// serve works until ctx ends, which is not an error, or until no server is reached any more.
func (f *farm) serve(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	rt, err := supervisor.Start(ctx, supervisor.Config{
		Transport: f.servers,
		Servers:   []transport.Address{"lic1:6200", "lic2:6200"},
		Heartbeat: supervisor.Heartbeat{Attempts: 5, Interval: time.Minute},
		Callbacks: supervisor.Callbacks{OnExit: func(messages.Exited) { stop(errNoServer) }},
	})
	if err != nil {
		return err
	}
	defer func() {
		closeCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		_ = rt.Close(closeCtx)
	}()
	for ctx.Err() == nil {
		if license, err := rt.Checkout(ctx, messages.Checkout{Feature: "render"}); err == nil {
			f.render(ctx, license)
		}
		pause(ctx, 10*time.Second)
	}
	if errors.Is(context.Cause(ctx), errNoServer) {
		return errNoServer
	}
	return nil
}

// render works until the license is gone or ctx ends.
func (f *farm) render(ctx context.Context, license *supervisor.License) {
	ctx, cancel := license.Context(ctx)
	defer cancel()
	for pause(ctx, time.Second); ctx.Err() == nil; pause(ctx, time.Second) {
		f.frames++
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// scene is a farm with two servers of one seat each.
type scene struct {
	*farm
	lic1, lic2 *transporttest.Server
	end        context.CancelFunc
	ended      chan error // receives the result of serve
}

// inFarm runs a test while the farm works, and then ends the farm if the test has not done so.
func inFarm(t *testing.T, test func(t *testing.T, s *scene)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := transporttest.NewNetwork()
		ctx, end := context.WithCancel(t.Context())
		s := &scene{
			farm: &farm{servers: network},
			lic1: network.AddServer("lic1:6200", map[string]int{"render": 1}),
			lic2: network.AddServer("lic2:6200", map[string]int{"render": 1}),
			end:  end, ended: make(chan error, 1),
		}
		go func() { s.ended <- s.serve(ctx) }()
		defer sleep(20 * time.Second) // the time that it needs to close its runtime
		defer end()
		test(t, s)
	})
}

// sleep lets virtual time pass, and then waits until all goroutines wait.
func sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestFarmRendersThroughARestart(t *testing.T) {
	inFarm(t, func(t *testing.T, s *scene) {
		sleep(10 * time.Minute)
		s.lic1.Down()
		sleep(2 * time.Minute)
		s.lic1.Restart()
		sleep(10 * time.Minute)
		assert.InDelta(t, 22*60, s.frames, 1, "not one frame was missed")
		assert.Equal(t, 1, s.lic1.Held("render"))
		assert.Zero(t, s.lic2.Held("render"))
	})
}

func TestFarmRendersOnWithTheOtherServer(t *testing.T) {
	inFarm(t, func(t *testing.T, s *scene) {
		sleep(time.Minute)
		s.lic1.Down()
		sleep(time.Hour)
		assert.InDelta(t, 61*60, s.frames, 1)
		assert.Equal(t, 1, s.lic2.Held("render"))
	})
}

func TestFarmPausesWhileItHasNoSeat(t *testing.T) {
	inFarm(t, func(t *testing.T, s *scene) {
		sleep(5 * time.Minute)
		s.lic1.RevokeFeature("render")
		s.lic1.SetSeats("render", 0)
		s.lic2.SetSeats("render", 0)
		sleep(5 * time.Minute)
		rendered := s.frames
		require.Less(t, rendered, 7*60, "it stopped at the next heartbeat")
		sleep(time.Hour)
		assert.Equal(t, rendered, s.frames)
		s.lic1.SetSeats("render", 1)
		sleep(time.Minute)
		assert.Greater(t, s.frames, rendered+40, "it goes on")
	})
}

func TestFarmStopsWhenNoServerIsLeft(t *testing.T) {
	inFarm(t, func(t *testing.T, s *scene) {
		sleep(time.Minute)
		s.lic1.Down()
		s.lic2.Down()
		assert.ErrorIs(t, <-s.ended, errNoServer)
	})
}

func TestFarmReturnsItsSeatWhenItEnds(t *testing.T) {
	inFarm(t, func(t *testing.T, s *scene) {
		sleep(time.Minute)
		require.Equal(t, 1, s.lic1.Held("render"))
		s.end()
		require.NoError(t, <-s.ended)
		assert.Zero(t, s.lic1.Held("render"))
	})
}
