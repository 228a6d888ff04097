package engine

import (
	"context"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// waited is the result of a call that may be blocked.
type waited struct {
	outcome seats.Outcome
	err     error
	at      time.Time
}

// wait sends a take that waits as long as allowed, and lets the call get as far as it can.
func (u *user) wait(ctx context.Context, t seats.Take) <-chan waited {
	result := u.send(ctx, t)
	synctest.Wait()
	return result
}

func (u *user) send(ctx context.Context, t seats.Take) <-chan waited {
	t.Wait = wire.MaxWait
	result := make(chan waited, 1)
	go func() {
		var outcomes []seats.Outcome
		err := u.call(func(c *seats.Client) (err error) {
			outcomes, err = u.s.Wait(ctx, c, u.session, t)
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

// persist waits as a client does: while its take is queued it repeats its request.
func (u *user) persist(t seats.Take) <-chan waited {
	result := make(chan waited, 1)
	go func() {
		for {
			w := <-u.send(u.s.t.Context(), t)
			if w.err != nil || w.outcome.Result != seats.Refused || w.outcome.RetryAfter == 0 {
				result <- w
				return
			}
			time.Sleep(w.outcome.RetryAfter)
		}
	}()
	synctest.Wait()
	return result
}

func (u *user) checkin(leases []messages.LeaseID, requests ...messages.RequestID) {
	u.s.t.Helper()
	require.NoError(u.s.t, u.call(func(c *seats.Client) error { return u.s.Checkin(u.s.t.Context(), c, leases, requests) }))
	synctest.Wait()
}

// keep renews a lease while time passes.
func (u *user) keep(d time.Duration, lease messages.LeaseID) {
	for ; d > 0; d -= time.Minute {
		time.Sleep(min(d, time.Minute))
		u.held(lease)
	}
	synctest.Wait()
}

func (s *harness) waiting() int { return s.state().Pools[0].Waiting }

// nobodyWaits claims that no take waits, and that nothing is left of takes that did.
func (s *harness) nobodyWaits() {
	s.t.Helper()
	require.NoError(s.t, s.committer.submit(operator(context.Background(), func(time.Duration) error {
		assert.Zero(s.t, s.allocator.Queued())
		return nil
	})))
}

// grantedNow claims that a wait has ended with a grant.
func (s *harness) grantedNow(result <-chan waited) messages.LeaseID {
	s.t.Helper()
	require.Len(s.t, result, 1, "it still waits")
	w := <-result
	require.NoError(s.t, w.err)
	require.Equal(s.t, seats.Granted, w.outcome.Result, "%+v", w.outcome)
	return w.outcome.Lease
}

// inFlight returns how many calls of the client are being answered.
func (u *user) inFlight() (n int) {
	require.NoError(u.s.t, u.call(func(c *seats.Client) error {
		n = c.InFlight() - 1 // but for this one
		return nil
	}))
	return n
}
