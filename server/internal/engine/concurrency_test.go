package engine

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
)

// TestClientsAtOnceNeverHoldMoreThanThereIs has clients take, beat, replace, repeat and return at once, over restarts in
// between. A client counts its seats from the moment of the grant until the moment before it returns them.
func TestClientsAtOnceNeverHoldMoreThanThereIs(t *testing.T) {
	const seatsThereAre, lives = 7, 5
	config := withDefaults(Config{Ledger: &ledger.Memory{}, Features: []license.Feature{feature(seatsThereAre)}})
	var held atomic.Int64
	users := make([]*busyUser, 8)
	for i := range users {
		users[i] = &busyUser{t: t, held: &held, most: seatsThereAre, holder: ledger.Holder{Identity: "c", Instance: [16]byte{byte(i + 1)}}}
	}
	for range lives {
		e, err := New(config)
		require.NoError(t, err)
		e.Open()
		var wg sync.WaitGroup
		for _, u := range users {
			wg.Go(func() { u.live(e, 200) })
		}
		wg.Wait()
		require.NoError(t, e.Stop())
	}
}

type busyUser struct {
	t      *testing.T
	held   *atomic.Int64
	most   int64
	holder ledger.Holder
	mine   seats.Take // what it holds
	lease  messages.LeaseID
}

func (u *busyUser) live(e *Engine, steps int) {
	session, err := e.Connect(u.holder, nil, nil)
	if !assert.NoError(u.t, err) {
		return
	}
	for range steps {
		c, err := e.Enter(u.holder, session)
		if !assert.NoError(u.t, err) {
			return
		}
		switch choice := rand.IntN(4); {
		case u.mine.Count == 0:
			u.take(e, c, take("f", 1+rand.IntN(3)))
		case choice == 0:
			u.take(e, c, take("f", 1+rand.IntN(3), u.mine.Request))
		case choice == 1:
			u.take(e, c, u.mine)
		case choice == 2:
			u.beat(e, c)
		default:
			u.giveBack(e, c)
		}
		e.Leave(c)
	}
}

// take asks for seats, in the place of those that it has.
func (u *busyUser) take(e *Engine, c *seats.Client, t seats.Take) {
	u.held.Add(-int64(u.mine.Count))
	outcomes, err := e.Checkout(u.t.Context(), c, []seats.Take{t})
	if !assert.NoError(u.t, err) {
		return
	}
	if outcomes[0].Result == seats.Granted {
		u.mine, u.lease = t, outcomes[0].Lease
	} else {
		assert.Equal(u.t, messages.NoSeats, outcomes[0].Reason)
	}
	assert.LessOrEqual(u.t, u.held.Add(int64(u.mine.Count)), u.most)
}

func (u *busyUser) beat(e *Engine, c *seats.Client) {
	gone, err := e.Heartbeat(u.t.Context(), c, u.lease[:])
	assert.NoError(u.t, err)
	assert.Empty(u.t, gone)
}

func (u *busyUser) giveBack(e *Engine, c *seats.Client) {
	u.held.Add(-int64(u.mine.Count))
	err := e.Checkin(u.t.Context(), c, []messages.LeaseID{u.lease}, nil)
	assert.NoError(u.t, err)
	u.mine = seats.Take{}
}
