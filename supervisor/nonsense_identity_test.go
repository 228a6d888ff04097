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

// flipping changes the identity of every reply of the first server, in a way that depends on the number of the reply.
func (s *stage) flipping(change func(n uint64, i *messages.Identity)) {
	var n atomic.Uint64
	s.server(1).Tamper(func(_ transporttest.Call, r *transporttest.Reply) { change(n.Add(1), &r.Identity) })
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
			onStage(t, 1, rounds(5, 1000), func(s *stage) {
				s.checkout()
				s.flipping(change)
				assert.Less(s, s.callsDuring(30*time.Minute), 30*120, "two calls a second")
				assert.Positive(s, count[messages.ServerRestarted](&s.events)+count[messages.ServerReplaced](&s.events))
				most := 1
				if strings.HasPrefix(name, "one of") && strings.HasSuffix(name, "server ids") {
					most = 2 // when more requests are owed than one take may replace
				}
				s.checkSeats(most)
			})
		})
	}
}

func TestABootIDThatFlipsWithEveryChunkOfABeatMakesNoHotLoop(t *testing.T) {
	setup := func(s *stage) {
		rounds(5, 1000)(s)
		s.server(1).SetSeats("f2", 10_000)
	}
	onStage(t, 1, setup, func(s *stage) {
		for range transport.MaxLeases + 1 {
			s.checkout()
		}
		s.flipping(func(n uint64, i *messages.Identity) { i.BootID = fmt.Sprint("boot", n) })
		assert.Less(s, s.callsDuring(5*time.Minute), 5*120)
		s.server(1).Tamper(nil)
		s.pass(2 * time.Minute)
		assert.Equal(s, transport.MaxLeases+1, s.rt.Status().Features[messages.StateHeld])
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
			onStage(t, 1, nil, func(s *stage) {
				s.server(1).Tamper(func(_ transporttest.Call, r *transporttest.Reply) { change(r) })
				_, err := s.rt.Checkout(s.Context(), messages.Checkout{Feature: "f2"})
				var failed *messages.CheckoutError
				require.ErrorAs(s, err, &failed)
				assert.True(s, failed.Has(messages.Unanswered))
				assert.Less(s, s.callsDuring(10*time.Minute), 10)
				s.checkSeats(0)
			})
		})
		t.Run("later: "+name, func(t *testing.T) {
			onStage(t, 1, attempts(3), func(s *stage) {
				license := s.checkout()
				s.untilBeaten(1)
				s.server(1).Tamper(func(_ transporttest.Call, r *transporttest.Reply) { change(r) })
				s.untilLost(3)
				<-license.Done()
				assert.ErrorIs(s, license.Err(), messages.ErrExited, "as if it were down")
				s.checkSeats(1)
			})
		})
	}
}

func TestARefusalWhoseHelloIsHalfEmptyChangesNothing(t *testing.T) {
	onStage(t, 1, rounds(5, 1000), func(s *stage) {
		license := s.checkout()
		s.untilBeaten(1)
		half := transport.Hello{Identity: s.server(1).Identity()} // no client timeout
		s.server(1).Refuse(&transport.Refusal{Reason: messages.Denied, Hello: half}, transporttest.Heartbeats)
		s.untilLost(1)
		s.server(1).ClearFaults()
		s.untilTold("Resumed f2 s1:1")
		s.untilBeaten(3)
		s.server(1).Refuse(&transport.Refusal{Reason: messages.Busy, RetryAfter: time.Second, Hello: half}, transporttest.Heartbeats)
		s.pass(10 * time.Minute)
		s.server(1).ClearFaults()
		s.untilBeaten(3)
		assert.NoError(s, license.Err())
		s.checkSeats(1)
	})
}

func TestAClientTimeoutThatChangesIsFollowed(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.checkout()
		s.untilBeaten(1)
		s.server(1).SetClientTimeout(30 * time.Second)
		s.untilBeaten(1)
		s.untilBeaten(1)
		s.untilBeaten(10)
		beats := s.wire.Answered(transporttest.Heartbeats)
		last := len(beats) - 1
		assert.InDelta(s, 10*time.Second, beats[last].Sent.Sub(beats[last-5].Sent)/5, float64(time.Second))
	})
}

func TestATinyClientTimeoutDoesNotMakeAHotLoop(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.server(1).SetClientTimeout(time.Nanosecond)
		s.checkout()
		assert.Less(s, s.callsDuring(time.Minute), 2000)
		s.server(1).SetClientTimeout(time.Minute)
	})
}
