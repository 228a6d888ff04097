package supervisor

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// A server that talks nonsense is told of or taken for silent. It never crashes the runtime, never gets a second seat out
// of it, and is never asked in a hot loop.

// tamper changes the replies of the first server to calls of this kind.
func (s *stage) tamper(kind transporttest.Kind, change func(transporttest.Call, *transporttest.Reply)) {
	s.server(1).Tamper(func(c transporttest.Call, r *transporttest.Reply) {
		if c.Kind == kind {
			change(c, r)
		}
	})
}

// callsDuring lets time pass and returns how many calls all servers have seen in it.
func (s *stage) callsDuring(d time.Duration) int {
	before := s.wire.Len()
	s.pass(d)
	return s.wire.Len() - before
}

// checkSeats checks that no more than n seats were ever in use at once, and that none is left after Close and the client
// timeout.
func (s *stage) checkSeats(n int) {
	s.Helper()
	assert.LessOrEqual(s, s.mostHeld("s1:1"), n)
	s.server(1).Tamper(nil)
	_ = s.rt.Close(s.within(time.Minute))
	s.pass(transporttest.DefaultClientTimeout)
	assert.Zero(s, s.server(1).HeldTotal())
}

func TestEndsOfLeasesThatNobodyNamedAreIgnored(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		license := s.checkout()
		s.tamper(transporttest.Heartbeats, func(_ transporttest.Call, r *transporttest.Reply) {
			for i := range 100 {
				r.Ended = append(r.Ended, transport.Ended{Lease: messages.LeaseID{byte(i)}, Reason: messages.Revoked})
			}
		})
		s.untilBeaten(5)
		assert.Equal(s, []string{"CheckedOut f2 s1:1"}, s.events.texts())
		assert.NoError(s, license.Err())
		s.checkSeats(1)
	})
}

func TestAnEndThatIsToldTwiceCountsOnce(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.checkout()
		s.tamper(transporttest.Heartbeats, func(c transporttest.Call, r *transporttest.Reply) {
			for _, id := range c.Leases {
				r.Ended = append(r.Ended, transport.Ended{Lease: id, Reason: messages.Expired}, transport.Ended{Lease: id, Reason: messages.Unknown})
			}
		})
		s.until("a beat", func() bool { return s.wire.CountAnswered(transporttest.Heartbeats) == 1 })
		s.server(1).Tamper(nil)
		s.pass(time.Second)
		assert.Equal(s, []string{"CheckedOut f2 s1:1", "Retrying f2 s1:1", "Succeeded f2 s1:1"}, s.events.texts())
		s.checkSeats(1)
	})
}

func TestAnOutcomeThatMakesNoSenseIsNoAnswer(t *testing.T) {
	for name, change := range map[string]func(*transporttest.Reply){
		"too few":              func(r *transporttest.Reply) { r.Outcomes = nil },
		"of another request":   func(r *transporttest.Reply) { r.Outcomes[0].Request[0]++ },
		"without a lease":      func(r *transporttest.Reply) { r.Outcomes[0].Lease = messages.LeaseID{} },
		"of no known kind":     func(r *transporttest.Reply) { r.Outcomes[0].Result = 77 },
		"of no kind at all":    func(r *transporttest.Reply) { r.Outcomes[0].Result = 0 },
		"without a request id": func(r *transporttest.Reply) { r.Outcomes[0].Request = messages.RequestID{} },
	} {
		change := func(_ transporttest.Call, r *transporttest.Reply) { change(r) }
		t.Run("to a first checkout: "+name, func(t *testing.T) {
			onStage(t, 2, nil, func(s *stage) {
				s.tamper(transporttest.Checkouts, change)
				assert.Equal(s, "S2", s.checkout().Status().Server.ID)
				s.pass(time.Minute)
				assert.Zero(s, s.server(1).Held("f2"), "what it may have granted is returned")
				s.checkSeats(1)
			})
		})
		t.Run("to a retake: "+name, func(t *testing.T) {
			onStage(t, 1, nil, func(s *stage) {
				license := s.checkout()
				s.server(1).Forget()
				s.tamper(transporttest.Checkouts, change)
				s.untilTold("Retrying f2 s1:1")
				assert.Less(s, s.callsDuring(10*time.Minute), 120)
				assert.Equal(s, messages.StateRetaking, license.Status().State)
				s.server(1).Tamper(nil)
				s.untilTold("Succeeded f2 s1:1")
				s.checkSeats(1)
			})
		})
	}
}

func TestMoreOutcomesThanTakesAreIgnored(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.tamper(transporttest.Checkouts, func(_ transporttest.Call, r *transporttest.Reply) {
			r.Outcomes = append(r.Outcomes, r.Outcomes...)
		})
		s.checkout()
		s.untilBeaten(1)
		assert.Len(s, s.wire.Last(transporttest.Heartbeats).Leases, 1)
		s.checkSeats(1)
	})
}

func TestALeaseThatIsGrantedTwiceTakesNoSeatBesideTheTwo(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.checkout()
		first := s.wire.Last(transporttest.Checkouts).Answer.Outcomes[0].Lease
		s.tamper(transporttest.Checkouts, func(_ transporttest.Call, r *transporttest.Reply) { r.Outcomes[0].Lease = first })
		s.checkout()
		assert.Less(s, s.callsDuring(30*time.Minute), 90)
		s.checkSeats(2)
	})
}

func TestAGrantOutOfThinAirIsFoundOutByTheNextBeat(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		s.server(1).SetSeats("f2", 0)
		s.tamper(transporttest.Checkouts, func(c transporttest.Call, r *transporttest.Reply) {
			r.Outcomes[0] = transport.Outcome{Request: c.Takes[0].Request, Result: transport.Granted, Lease: messages.LeaseID{1, 2, 3}}
		})
		s.checkout()
		assert.Less(s, s.callsDuring(30*time.Minute), 90)
		assert.Greater(s, count[messages.RetryingFeature](&s.events), 20)
		s.server(1).Tamper(nil)
		s.untilTold("Lost f2 s1:1 NoSeats")
		s.checkSeats(0)
	})
}

func TestAServerThatEndsEveryLeaseAtEveryBeatGetsOneSeat(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		license := s.checkout()
		s.tamper(transporttest.Heartbeats, func(c transporttest.Call, r *transporttest.Reply) {
			for _, id := range c.Leases {
				r.Ended = append(r.Ended, transport.Ended{Lease: id, Reason: messages.Unknown})
			}
		})
		assert.Less(s, s.callsDuring(30*time.Minute), 120)
		assert.NoError(s, license.Err())
		s.checkSeats(1)
	})
}

func TestUnknownReasonsAreRelayed(t *testing.T) {
	const odd = messages.Reason(200)
	onStage(t, 1, nil, func(s *stage) {
		s.tamper(transporttest.Checkouts, func(_ transporttest.Call, r *transporttest.Reply) {
			r.Outcomes[0] = transport.Outcome{Request: r.Outcomes[0].Request, Result: transport.Refused, Reason: odd}
		})
		_, err := s.rt.Checkout(s.Context(), messages.Checkout{Feature: "f2"})
		var failed *messages.CheckoutError
		require.ErrorAs(s, err, &failed)
		assert.True(s, failed.Has(odd))
		assert.Contains(s, fmt.Sprint(err), "Reason(200)")
	})
}

func TestHintsOutOfBoundsAreBounded(t *testing.T) {
	for name, hint := range map[string]time.Duration{"negative": -time.Hour, "endless": 1<<63 - 1} {
		t.Run(name, func(t *testing.T) {
			onStage(t, 1, nil, func(s *stage) {
				s.server(1).Tamper(func(c transporttest.Call, r *transporttest.Reply) {
					r.NotBefore = hint
					for i := range r.Outcomes {
						r.Outcomes[i].RetryAfter = hint
					}
				})
				s.checkout()
				calls := s.callsDuring(30 * time.Minute)
				assert.Greater(s, calls, 15)
				assert.Less(s, calls, 40)
				s.checkSeats(1)
			})
		})
	}
}
