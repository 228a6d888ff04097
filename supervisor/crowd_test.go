package supervisor

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
)

// crowd is more features than a connection sends messages to in one turn.
const crowd = 10_000

func TestACrowdLearnsOfFailedBeatsAndOfTheRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt, h := startHollow(t, func(c *Config) { c.Heartbeat = Heartbeat{Attempts: 5, Interval: time.Minute} })
		defer rt.Close(t.Context())
		hold(t, rt, crowd)
		h.down.Store(true)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		assert.Equal(t, map[messages.State]int{messages.StateReconnecting: crowd}, rt.Status().Features)
		h.down.Store(false)
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(t, map[messages.State]int{messages.StateHeld: crowd}, rt.Status().Features)
	})
}

// All features of a lost server give up together, after each has asked the server once more.
func TestACrowdOfALostServerIsLostTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var exits []messages.Exited
		rt, h := startHollow(t, func(c *Config) {
			c.Heartbeat = Heartbeat{Attempts: 2, Interval: time.Minute}
			c.Callbacks.OnExit = func(e messages.Exited) { exits = append(exits, e) }
		})
		defer rt.Close(t.Context())
		licenses := hold(t, rt, crowd)
		h.down.Store(true)
		time.Sleep(4 * time.Minute)
		synctest.Wait()
		assert.Empty(t, rt.Status().Features)
		for _, l := range licenses {
			assert.ErrorIs(t, l.Err(), messages.ErrExited)
		}
		assert.Len(t, exits, 1)
		assert.Equal(t, crowd, exits[0].Features)
	})
}
