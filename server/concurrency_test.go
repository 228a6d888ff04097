package server

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
)

// TestClientsAtOnceNeverHoldMoreThanThereIs has clients take, beat, replace, repeat and return at once, over restarts in
// between. A client counts its seats from the moment it is told of them until the moment before it gives them back.
func TestClientsAtOnceNeverHoldMoreThanThereIs(t *testing.T) {
	const seatsThereAre, lives = 7, 5
	config := Config{
		Ledger: &MemoryLedger{}, Insecure: true,
		Features: []Feature{{Name: "f", Version: messages.V(1, 0), Seats: seatsThereAre}},
	}.withDefaults()
	var held atomic.Int64
	users := make([]*busyUser, 8)
	for i := range users {
		users[i] = &busyUser{t: t, held: &held, most: seatsThereAre, holder: Holder{Identity: "c", Instance: [16]byte{byte(i + 1)}}}
	}
	for range lives {
		e, err := newEngine(config)
		require.NoError(t, err)
		e.open()
		var wg sync.WaitGroup
		for _, u := range users {
			wg.Go(func() { u.live(e, 200) })
		}
		wg.Wait()
		require.NoError(t, e.stop())
	}
}

type busyUser struct {
	t      *testing.T
	held   *atomic.Int64
	most   int64
	holder Holder
	mine   take // what it holds
	lease  messages.LeaseID
}

func (u *busyUser) live(e *engine, steps int) {
	session, err := e.connect(u.holder, nil)
	if !assert.NoError(u.t, err) {
		return
	}
	for range steps {
		c, err := e.clients.enter(u.holder, session, e.clock.now())
		if !assert.NoError(u.t, err) {
			return
		}
		switch choice := rand.IntN(4); {
		case u.mine.count == 0:
			u.take(e, c, seats("f", 1+rand.IntN(3)))
		case choice == 0:
			u.take(e, c, seats("f", 1+rand.IntN(3), u.mine.request))
		case choice == 1:
			u.take(e, c, u.mine)
		case choice == 2:
			u.beat(e, c)
		default:
			u.giveBack(e, c)
		}
		c.leave(e.clock.now())
	}
}

// take asks for seats, in the place of those that it has.
func (u *busyUser) take(e *engine, c *client, t take) {
	u.held.Add(-int64(u.mine.count))
	outcomes, err := e.checkout(u.t.Context(), c, []take{t})
	if !assert.NoError(u.t, err) {
		return
	}
	if outcomes[0].result == granted {
		u.mine, u.lease = t, outcomes[0].lease
	} else {
		assert.Equal(u.t, messages.NoSeats, outcomes[0].reason)
	}
	assert.LessOrEqual(u.t, u.held.Add(int64(u.mine.count)), u.most)
}

func (u *busyUser) beat(e *engine, c *client) {
	gone, err := e.heartbeat(u.t.Context(), c, u.lease[:])
	assert.NoError(u.t, err)
	assert.Empty(u.t, gone)
}

func (u *busyUser) giveBack(e *engine, c *client) {
	u.held.Add(-int64(u.mine.count))
	err := e.checkin(u.t.Context(), c, []messages.LeaseID{u.lease}, nil)
	assert.NoError(u.t, err)
	u.mine = take{}
}
