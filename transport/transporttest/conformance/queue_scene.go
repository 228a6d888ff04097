package conformance

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// queueScene is where most promises about the queue begin: the holder has all seats but one, and the first client waits
// in the queue for all of them.
type queueScene struct {
	holder *client
	held   transport.Take   // that the holder was granted last
	lease  messages.LeaseID // of held

	first  *client
	take   transport.Take // that the first client waits with
	queued *queuedTake    // the call of the first client
}

func newQueueScene(t *testing.T, f *Fixture) *queueScene {
	t.Helper()
	needs(t, f.Waits, "Waits")
	s := &queueScene{holder: newClient(t, f), first: newClient(t, f)}
	s.held = s.holder.take(f.Feature, f.Seats-1)
	s.lease = s.holder.granted(s.held)
	s.take = waiting(s.first.take(f.Feature, f.Seats))
	s.queued = queue(s.first, s.take)
	s.awaitQueue()
	return s
}

// awaitQueue waits until the first client is in the queue: a take of the one free seat is refused from then on.
func (s *queueScene) awaitQueue() {
	t := s.holder.t
	t.Helper()
	require.Eventually(t, func() bool {
		require.False(t, s.queued.answered(), "a take that waits was answered at once")
		o := s.holder.checkout(s.holder.take(s.holder.fixture.Feature, 1))[0]
		if o.Result == transport.Granted {
			s.holder.checkin(transport.Return{Lease: o.Lease})
		}
		return o.Result == transport.Refused && o.Reason == messages.NoSeats
	}, soon, 10*time.Millisecond, "the take did not join the queue")
}

// replaceHeld makes the holder replace its seats by as many new ones.
func (s *queueScene) replaceHeld() {
	s.holder.t.Helper()
	s.held = s.holder.take(s.held.Feature, s.held.Count, s.held.Request)
	s.lease = s.holder.granted(s.held)
}

// beatHeld renews the lease of the holder.
func (s *queueScene) beatHeld() {
	s.holder.t.Helper()
	s.holder.held(s.lease)
}

// free returns the seats of the holder.
func (s *queueScene) free() { s.holder.checkin(transport.Return{Lease: s.lease}) }

// repeat makes the first client send its take again, over its current session.
func (s *queueScene) repeat() {
	s.queued = queue(s.first, s.take)
}
