package server

import (
	"context"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// waited is what a call that may wait in line came to.
type waited struct {
	outcome outcome
	err     error
	at      time.Time
}

// wait sends a take that waits as long as may be, and lets it get as far as it can.
func (u *user) wait(ctx context.Context, t take) <-chan waited {
	result := u.send(ctx, t)
	synctest.Wait()
	return result
}

func (u *user) send(ctx context.Context, t take) <-chan waited {
	t.wait = wire.MaxWait
	result := make(chan waited, 1)
	go func() {
		var outcomes []outcome
		err := u.call(func(c *client) (err error) {
			outcomes, err = u.s.wait(ctx, c, u.session, t)
			return err
		})
		w := waited{err: err, at: time.Now()}
		if err == nil {
			w.outcome = outcomes[0]
		}
		result <- w
	}()
	return result
}

// persist waits as a client does: whenever it is still in line, it asks again.
func (u *user) persist(t take) <-chan waited {
	result := make(chan waited, 1)
	go func() {
		for {
			w := <-u.send(u.s.t.Context(), t)
			if w.err != nil || w.outcome.result != refused || w.outcome.retryAfter == 0 {
				result <- w
				return
			}
			time.Sleep(w.outcome.retryAfter)
		}
	}()
	synctest.Wait()
	return result
}

func (u *user) checkin(leases []messages.LeaseID, requests ...messages.RequestID) {
	u.s.t.Helper()
	require.NoError(u.s.t, u.call(func(c *client) error { return u.s.checkin(u.s.t.Context(), c, leases, requests) }))
	synctest.Wait()
}

// keep beats a lease while time passes.
func (u *user) keep(d time.Duration, lease messages.LeaseID) {
	for ; d > 0; d -= time.Minute {
		time.Sleep(min(d, time.Minute))
		u.held(lease)
	}
	synctest.Wait()
}

func (s *engineStage) waiting() int { return s.state().Features[0].Waiting }

// nobodyWaits claims that nothing is left of those who waited.
func (s *engineStage) nobodyWaits() {
	s.t.Helper()
	require.NoError(s.t, s.administer(context.Background(), func(time.Duration) error {
		assert.Empty(s.t, s.book.lines.places)
		assert.Empty(s.t, s.book.lines.stirred)
		assert.Empty(s.t, s.book.lines.decided)
		for _, p := range s.book.pools.all {
			assert.Zero(s.t, p.line.Len())
		}
		for _, c := range s.clients.byInstance {
			assert.Zero(s.t, c.waiting)
		}
		return nil
	}))
}

// grantedNow claims that a wait has ended with a grant.
func (s *engineStage) grantedNow(result <-chan waited) messages.LeaseID {
	s.t.Helper()
	require.Len(s.t, result, 1, "it still waits")
	w := <-result
	require.NoError(s.t, w.err)
	require.Equal(s.t, granted, w.outcome.result, "%+v", w.outcome)
	return w.outcome.lease
}
