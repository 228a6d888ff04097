package supervisor

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// flipping changes the identity in every reply of the first server, depending on the number of the reply.
func (h *harness) flipping(change func(n uint64, i *messages.Identity)) {
	var n atomic.Uint64
	h.server(1).Tamper(func(_ transporttest.Call, r *transporttest.Reply) { change(n.Add(1), &r.Identity) })
}

func TestAnIdentityThatFlipsInEveryReplyMakesNoHotLoopAndNoSecondSeat(t *testing.T) {
	for name, change := range map[string]func(n uint64, i *messages.Identity){
		"another boot id":         func(n uint64, i *messages.Identity) { i.BootID = fmt.Sprint("boot", n) },
		"one of two boot ids":     func(n uint64, i *messages.Identity) { i.BootID = fmt.Sprint("boot", n%2) },
		"another boot and epoch":  func(n uint64, i *messages.Identity) { i.BootID, i.Epoch = fmt.Sprint("boot", n), n },
		"another server id":       func(n uint64, i *messages.Identity) { i.ServerID = fmt.Sprint("server", n) },
		"one of two server ids":   func(n uint64, i *messages.Identity) { i.ServerID = fmt.Sprint("server", n%2) },
		"one of three server ids": func(n uint64, i *messages.Identity) { i.ServerID, i.BootID = fmt.Sprint("server", n%3), "boot" },
		"an epoch going down":     func(n uint64, i *messages.Identity) { i.Epoch = 1<<40 - n },
		"an epoch up and down":    func(n uint64, i *messages.Identity) { i.Epoch = 10 + n%2 },
		"everything": func(n uint64, i *messages.Identity) {
			*i = messages.Identity{ServerID: fmt.Sprint(n), BootID: fmt.Sprint(n), Epoch: 99 - n%7}
		},
	} {
		t.Run(name, func(t *testing.T) {
			withHarness(t, 1, rounds(5, 1000), func(h *harness) {
				h.checkout()
				h.flipping(change)
				assert.Less(h, h.callsDuring(30*time.Minute), 30*120, "two calls a second")
				assert.Positive(h, count[messages.ServerRestarted](&h.events)+count[messages.ServerReplaced](&h.events))
				most := 1
				if strings.HasPrefix(name, "one of") && strings.HasSuffix(name, "server ids") {
					most = 2 // when more requests are to be returned than one take may replace
				}
				h.checkSeats(most)
			})
		})
	}
}

func TestABootIDThatFlipsWithEveryChunkOfABeatMakesNoHotLoop(t *testing.T) {
	setup := func(h *harness) {
		rounds(5, 1000)(h)
		h.server(1).SetSeats("f2", 10_000)
	}
	withHarness(t, 1, setup, func(h *harness) {
		for range transport.MaxLeases + 1 {
			h.checkout()
		}
		h.flipping(func(n uint64, i *messages.Identity) { i.BootID = fmt.Sprint("boot", n) })
		assert.Less(h, h.callsDuring(5*time.Minute), 5*120)
		h.server(1).Tamper(nil)
		h.pass(2 * time.Minute)
		assert.Equal(h, transport.MaxLeases+1, h.rt.Status().Features[messages.StateHeld])
	})
}

func TestAReplyWithoutAValidIdentityOrClientTimeoutIsNoAnswer(t *testing.T) {
	for name, change := range map[string]func(*transporttest.Reply){
		"no server id":            func(r *transporttest.Reply) { r.Identity.ServerID = "" },
		"no boot id":              func(r *transporttest.Reply) { r.Identity.BootID = "" },
		"a long server id":        func(r *transporttest.Reply) { r.Identity.ServerID = strings.Repeat("s", messages.MaxServerID+1) },
		"a long boot id":          func(r *transporttest.Reply) { r.Identity.BootID = strings.Repeat("b", messages.MaxBootID+1) },
		"no client timeout":       func(r *transporttest.Reply) { r.ClientTimeout = 0 },
		"negative client timeout": func(r *transporttest.Reply) { r.ClientTimeout = -time.Minute },
	} {
		t.Run("connecting: "+name, func(t *testing.T) {
			withHarness(t, 1, nil, func(h *harness) {
				h.server(1).Tamper(func(_ transporttest.Call, r *transporttest.Reply) { change(r) })
				_, err := h.rt.Checkout(h.Context(), messages.Checkout{Feature: "f2"})
				var failed *messages.CheckoutError
				require.ErrorAs(h, err, &failed)
				assert.True(h, failed.Has(messages.Unanswered))
				assert.Less(h, h.callsDuring(10*time.Minute), 10)
				h.checkSeats(0)
			})
		})
		t.Run("later: "+name, func(t *testing.T) {
			withHarness(t, 1, attempts(3), func(h *harness) {
				license := h.checkout()
				h.untilHeartbeats(1)
				h.server(1).Tamper(func(_ transporttest.Call, r *transporttest.Reply) { change(r) })
				h.untilLost(3)
				<-license.Done()
				assert.ErrorIs(h, license.Err(), messages.ErrExited, "as if it were down")
				h.checkSeats(1)
			})
		})
	}
}

func TestARefusalWhoseHelloIsHalfEmptyChangesNothing(t *testing.T) {
	withHarness(t, 1, rounds(5, 1000), func(h *harness) {
		license := h.checkout()
		h.untilHeartbeats(1)
		half := transport.Hello{Identity: h.server(1).Identity()} // no client timeout
		h.server(1).Refuse(&transport.Refusal{Reason: messages.Denied, Hello: half}, transporttest.Heartbeats)
		h.untilLost(1)
		h.server(1).ClearFaults()
		h.untilEvent("Resumed f2 s1:1")
		h.untilHeartbeats(3)
		h.server(1).Refuse(&transport.Refusal{Reason: messages.Busy, RetryAfter: time.Second, Hello: half}, transporttest.Heartbeats)
		h.pass(10 * time.Minute)
		h.server(1).ClearFaults()
		h.untilHeartbeats(3)
		assert.NoError(h, license.Err())
		h.checkSeats(1)
	})
}

func TestAClientTimeoutThatChangesIsFollowed(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.checkout()
		h.untilHeartbeats(1)
		h.server(1).SetClientTimeout(30 * time.Second)
		h.untilHeartbeats(1)
		h.untilHeartbeats(1)
		h.untilHeartbeats(10)
		beats := h.wire.Answered(transporttest.Heartbeats)
		last := len(beats) - 1
		assert.InDelta(h, 10*time.Second, beats[last].Sent.Sub(beats[last-5].Sent)/5, float64(time.Second))
	})
}

func TestATinyClientTimeoutDoesNotMakeAHotLoop(t *testing.T) {
	withHarness(t, 1, nil, func(h *harness) {
		h.server(1).SetClientTimeout(time.Nanosecond)
		h.checkout()
		assert.Less(h, h.callsDuring(time.Minute), 2000)
		h.server(1).SetClientTimeout(time.Minute)
	})
}
