package connection

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

func neverReplaced(*pendingReturn) bool { return false }

func requestsOf(returns []*pendingReturn) []messages.RequestID {
	var requests []messages.RequestID
	for _, d := range returns {
		requests = append(requests, d.request)
	}
	return requests
}

func TestRequestIsReturnedOnce(t *testing.T) {
	b := newPendingReturns()
	b.add(at(0), 1, requestOf(1))
	b.add(at(0), 1, requestOf(1))
	b.add(at(0), 1, messages.RequestID{})
	assert.Equal(t, []messages.RequestID{requestOf(1)}, requestsOf(b.pop(9, neverReplaced)))
	assert.Equal(t, 1, b.count)
}

func TestReturnsAreSentInTheOrderInWhichTheyCame(t *testing.T) {
	b := newPendingReturns()
	b.add(at(0), 2, requestOf(1))
	b.add(at(0), 1, requestOf(2))
	b.add(at(0), 2, requestOf(3))
	assert.Equal(t, []messages.RequestID{requestOf(1), requestOf(2)}, requestsOf(b.pop(2, neverReplaced)))
	assert.Equal(t, []messages.RequestID{requestOf(3)}, requestsOf(b.pop(2, neverReplaced)))
}

func TestReturnThatATakeReplacesIsNotSentBesideIt(t *testing.T) {
	b := newPendingReturns()
	b.add(at(0), 1, requestOf(1))
	require.Empty(t, b.pop(9, func(*pendingReturn) bool { return true }))
	b.enqueue(b.of[1]...)
	b.enqueue(b.of[1]...)
	assert.Equal(t, []messages.RequestID{requestOf(1)}, requestsOf(b.pop(9, neverReplaced)))
}

func TestGrantEndsTheReturnsThatItReplaced(t *testing.T) {
	b := newPendingReturns()
	b.add(at(0), 1, requestOf(1))
	b.add(at(0), 1, requestOf(2))
	b.replaced(1, []messages.RequestID{requestOf(1), requestOf(9)})
	assert.Equal(t, []messages.RequestID{requestOf(2)}, b.requests(1))
}

func TestCheckinWaitsUntilItsClaimHasNothingToReturn(t *testing.T) {
	b := newPendingReturns()
	b.add(at(0), 1, requestOf(1))
	b.add(at(0), 1, requestOf(2))
	call := protocol.NewReply()
	b.wait(1, call)
	returns := b.pop(9, neverReplaced)
	b.done(returns[0])
	require.Empty(t, call.Answered())
	b.done(returns[1])
	assert.Len(t, call.Answered(), 1)
}

func TestCheckinOfAClaimWithNothingToReturnIsAnsweredAtOnce(t *testing.T) {
	b := newPendingReturns()
	call := protocol.NewReply()
	b.wait(1, call)
	assert.Len(t, call.Answered(), 1)
}

func TestReturnsExpireAfterTheClientTimeout(t *testing.T) {
	b := newPendingReturns()
	b.add(at(1*time.Minute), 1, requestOf(1))
	b.add(at(2*time.Minute), 2, requestOf(2))
	require.Equal(t, at(6*time.Minute), b.expiry(5*time.Minute))
	b.expire(at(6*time.Minute), 5*time.Minute, nobody)
	assert.Equal(t, 1, b.count)
	assert.Equal(t, at(7*time.Minute), b.expiry(5*time.Minute))
}

// nobody asks for seats again.
func nobody(uint64) bool { return false }

// A server that restarted had given the lease of an unanswered request a full client timeout anew. The request was
// forgotten, and the take that follpending did not replace it: for a while the checkout had its seats twice.
func TestAReturnIsKeptWhileItsFeatureAsksForSeats(t *testing.T) {
	b := newPendingReturns()
	b.add(at(0), 1, messages.RequestID{1})
	b.add(at(0), 2, messages.RequestID{2})
	b.expire(at(time.Minute), time.Minute, func(claim uint64) bool { return claim == 1 })
	assert.Equal(t, []messages.RequestID{{1}}, b.requests(1))
	assert.Empty(t, b.requests(2))
	assert.Equal(t, at(2*time.Minute), b.expiry(time.Minute))
	b.expire(at(2*time.Minute), time.Minute, nobody)
	assert.True(t, b.empty())
}

func TestExpiryOfTheLastReturnAnswersItsCheckin(t *testing.T) {
	b := newPendingReturns()
	b.add(at(0), 1, requestOf(1))
	call := protocol.NewReply()
	b.wait(1, call)
	b.expire(at(time.Hour), time.Minute, nobody)
	assert.Len(t, call.Answered(), 1)
}

func TestReturnsAreKeptWhileNoClientTimeoutIsKnown(t *testing.T) {
	b := newPendingReturns()
	b.add(at(0), 1, requestOf(1))
	b.expire(at(time.Hour), 0, nobody)
	assert.False(t, b.empty())
	assert.Zero(t, b.expiry(0))
}

// TestNoReturnIsForgotten does anything to the pending returns: each is queued, in flight, or left to a take that replaces
// it, and the count says how many there are.
func TestNoReturnIsForgotten(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b, pending, inFlight, withheld := newPendingReturns(), map[messages.RequestID]bool{}, []*pendingReturn(nil), map[uint64]bool{}
		request := func(rt *rapid.T) (uint64, messages.RequestID) {
			n := rapid.Uint64Range(1, 9).Draw(rt, "request")
			return n%3 + 1, requestOf(byte(n))
		}
		rt.Repeat(map[string]func(*rapid.T){
			"": func(rt *rapid.T) {
				require.Equal(rt, len(pending), b.count)
				for claim, returns := range b.of {
					for _, d := range returns {
						require.True(rt, pending[d.request])
						require.True(rt, d.queued || d.inFlight || withheld[claim], "%v is to be returned and nobody sends it", d.request)
					}
				}
			},
			"add": func(rt *rapid.T) {
				claim, r := request(rt)
				b.add(at(0), claim, r)
				pending[r] = true
			},
			"replaced": func(rt *rapid.T) {
				claim, r := request(rt)
				b.replaced(claim, []messages.RequestID{r})
				delete(pending, r)
			},
			"send": func(rt *rapid.T) {
				for _, d := range b.pop(rapid.IntRange(1, 3).Draw(rt, "most"), func(d *pendingReturn) bool { return withheld[d.claim] }) {
					require.True(rt, pending[d.request], "a request is returned that is not pending")
					d.inFlight = true
					inFlight = append(inFlight, d)
				}
			},
			"answered": func(rt *rapid.T) {
				for _, d := range inFlight {
					d.inFlight = false
					switch {
					case d.done: // what is pending now is another return
					case rapid.Bool().Draw(rt, "returned"):
						b.done(d)
						delete(pending, d.request)
					default:
						b.enqueue(d)
					}
				}
				inFlight = nil
			},
			"take": func(rt *rapid.T) {
				withheld[rapid.Uint64Range(1, 3).Draw(rt, "claim")] = true
			},
			"take comes to nothing": func(rt *rapid.T) {
				claim := rapid.Uint64Range(1, 3).Draw(rt, "claim")
				delete(withheld, claim)
				b.enqueue(b.of[claim]...)
			},
		})
	})
}
