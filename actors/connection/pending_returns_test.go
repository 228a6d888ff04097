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

func neverReplaced(*debt) bool { return false }

func requestsOf(debts []*debt) []messages.RequestID {
	var requests []messages.RequestID
	for _, d := range debts {
		requests = append(requests, d.request)
	}
	return requests
}

func TestRequestIsOwedOnce(t *testing.T) {
	b := newDebtBook()
	b.owe(at(0), 1, requestOf(1))
	b.owe(at(0), 1, requestOf(1))
	b.owe(at(0), 1, messages.RequestID{})
	assert.Equal(t, []messages.RequestID{requestOf(1)}, requestsOf(b.pop(9, neverReplaced)))
	assert.Equal(t, 1, b.count)
}

func TestDebtsAreSentInTheOrderInWhichTheyCame(t *testing.T) {
	b := newDebtBook()
	b.owe(at(0), 2, requestOf(1))
	b.owe(at(0), 1, requestOf(2))
	b.owe(at(0), 2, requestOf(3))
	assert.Equal(t, []messages.RequestID{requestOf(1), requestOf(2)}, requestsOf(b.pop(2, neverReplaced)))
	assert.Equal(t, []messages.RequestID{requestOf(3)}, requestsOf(b.pop(2, neverReplaced)))
}

func TestDebtThatATakeReplacesIsNotSentBesideIt(t *testing.T) {
	b := newDebtBook()
	b.owe(at(0), 1, requestOf(1))
	require.Empty(t, b.pop(9, func(*debt) bool { return true }))
	b.enqueue(b.of[1]...)
	b.enqueue(b.of[1]...)
	assert.Equal(t, []messages.RequestID{requestOf(1)}, requestsOf(b.pop(9, neverReplaced)))
}

func TestGrantSettlesWhatItReplaced(t *testing.T) {
	b := newDebtBook()
	b.owe(at(0), 1, requestOf(1))
	b.owe(at(0), 1, requestOf(2))
	b.settled(1, []messages.RequestID{requestOf(1), requestOf(9)})
	assert.Equal(t, []messages.RequestID{requestOf(2)}, b.requests(1))
}

func TestCheckinWaitsUntilItsClaimOwesNothing(t *testing.T) {
	b := newDebtBook()
	b.owe(at(0), 1, requestOf(1))
	b.owe(at(0), 1, requestOf(2))
	call := protocol.NewReply()
	b.wait(1, call)
	debts := b.pop(9, neverReplaced)
	b.strike(debts[0])
	require.Empty(t, call.Answered())
	b.strike(debts[1])
	assert.Len(t, call.Answered(), 1)
}

func TestCheckinOfAClaimThatOwesNothingIsAnsweredAtOnce(t *testing.T) {
	b := newDebtBook()
	call := protocol.NewReply()
	b.wait(1, call)
	assert.Len(t, call.Answered(), 1)
}

func TestDebtsAreForgottenAfterTheClientTimeout(t *testing.T) {
	b := newDebtBook()
	b.owe(at(1*time.Minute), 1, requestOf(1))
	b.owe(at(2*time.Minute), 2, requestOf(2))
	require.Equal(t, at(6*time.Minute), b.next(5*time.Minute))
	b.forget(at(6*time.Minute), 5*time.Minute, nobody)
	assert.Equal(t, 1, b.count)
	assert.Equal(t, at(7*time.Minute), b.next(5*time.Minute))
}

// nobody asks for seats again.
func nobody(uint64) bool { return false }

// A server that restarted had given the lease of an unanswered request a full client timeout anew. The request was
// forgotten, and the take that followed did not replace it: for a while the checkout had its seats twice.
func TestADebtIsKeptWhileItsFeatureAsksForSeats(t *testing.T) {
	b := newDebtBook()
	b.owe(at(0), 1, messages.RequestID{1})
	b.owe(at(0), 2, messages.RequestID{2})
	b.forget(at(time.Minute), time.Minute, func(claim uint64) bool { return claim == 1 })
	assert.Equal(t, []messages.RequestID{{1}}, b.requests(1))
	assert.Empty(t, b.requests(2))
	assert.Equal(t, at(2*time.Minute), b.next(time.Minute))
	b.forget(at(2*time.Minute), time.Minute, nobody)
	assert.True(t, b.empty())
}

func TestForgettingTheLastDebtAnswersItsCheckin(t *testing.T) {
	b := newDebtBook()
	b.owe(at(0), 1, requestOf(1))
	call := protocol.NewReply()
	b.wait(1, call)
	b.forget(at(time.Hour), time.Minute, nobody)
	assert.Len(t, call.Answered(), 1)
}

func TestDebtsAreKeptWhileNoClientTimeoutIsKnown(t *testing.T) {
	b := newDebtBook()
	b.owe(at(0), 1, requestOf(1))
	b.forget(at(time.Hour), 0, nobody)
	assert.False(t, b.empty())
	assert.Zero(t, b.next(0))
}

// TestNoDebtIsForgotten does anything to a book: what is owed is queued, under way, or left to a take that replaces it,
// and the count tells how much it is.
func TestNoDebtIsForgotten(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b, owed, flying, withheld := newDebtBook(), map[messages.RequestID]bool{}, []*debt(nil), map[uint64]bool{}
		request := func(rt *rapid.T) (uint64, messages.RequestID) {
			n := rapid.Uint64Range(1, 9).Draw(rt, "request")
			return n%3 + 1, requestOf(byte(n))
		}
		rt.Repeat(map[string]func(*rapid.T){
			"": func(rt *rapid.T) {
				require.Equal(rt, len(owed), b.count)
				for claim, debts := range b.of {
					for _, d := range debts {
						require.True(rt, owed[d.request])
						require.True(rt, d.queued || d.flying || withheld[claim], "%v is owed and nobody sends it", d.request)
					}
				}
			},
			"owe": func(rt *rapid.T) {
				claim, r := request(rt)
				b.owe(at(0), claim, r)
				owed[r] = true
			},
			"settle": func(rt *rapid.T) {
				claim, r := request(rt)
				b.settled(claim, []messages.RequestID{r})
				delete(owed, r)
			},
			"send": func(rt *rapid.T) {
				for _, d := range b.pop(rapid.IntRange(1, 3).Draw(rt, "most"), func(d *debt) bool { return withheld[d.claim] }) {
					require.True(rt, owed[d.request], "a request is returned that is not owed")
					d.flying = true
					flying = append(flying, d)
				}
			},
			"answered": func(rt *rapid.T) {
				for _, d := range flying {
					d.flying = false
					switch {
					case d.settled: // what is owed now is another debt
					case rapid.Bool().Draw(rt, "returned"):
						b.strike(d)
						delete(owed, d.request)
					default:
						b.enqueue(d)
					}
				}
				flying = nil
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
