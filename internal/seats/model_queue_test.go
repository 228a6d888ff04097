package seats

import (
	"context"
	"slices"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seatbeat/seatbeat/messages"
)

// modelWaiter is a take in a queue.
type modelWaiter struct {
	client byte
	take   Take
	call   *BlockedCall // nil while no call is blocked on it, as far as the allocator knows
	hangUp context.CancelFunc
	left   time.Duration
}

// owed is the answer to a blocked call whose waiter is removed.
type owed struct {
	outcome Outcome
	err     error
}

func (m *model) waiterOf(client byte, request messages.RequestID) *modelWaiter {
	return m.waiter(func(w *modelWaiter) bool { return w.client == client && w.take.Request == request })
}

// waiter returns the first waiter that is so, nil if there is none.
func (m *model) waiter(so func(*modelWaiter) bool) *modelWaiter {
	for _, line := range m.queues {
		if i := slices.IndexFunc(line, so); i >= 0 {
			return line[i]
		}
	}
	return nil
}

// leave removes a waiter, if there is one.
func (m *model) leave(w *modelWaiter, o owed) {
	if w == nil {
		return
	}
	if w.call != nil {
		m.owed[w.call] = o
	}
	line := m.queues[w.take.Feature]
	m.queues[w.take.Feature] = slices.DeleteFunc(line, func(other *modelWaiter) bool { return other == w })
}

// unservable predicts the refusal of a take for which waiting is pointless.
func (m *model) unservable(t Take) Outcome {
	version, reason := m.served(t)
	if reason != messages.NoReason {
		return no(reason)
	}
	most := 0
	for _, f := range m.active(t.Feature) {
		if f.Version.Compare(version) >= 0 {
			most += f.Seats + f.Overdraft
		}
	}
	if t.Count > most {
		return no(messages.NoSeats)
	}
	return Outcome{}
}

// Wait queues a take, if it has to wait.
func (m *model) Wait(*rapid.T) { m.wait(m.someClient(), m.someTake()) }

// WaitOn repeats a take that is queued.
func (m *model) WaitOn(*rapid.T) {
	if w := m.someWaiter(); w != nil {
		t := w.take
		t.Count += max(0, rapid.IntRange(-5, 1).Draw(m.t, "more seats"))
		m.wait(w.client, t)
	}
}

// HangUp ends a blocked call, or all calls of its client. The allocator has to notice by itself.
func (m *model) HangUp(*rapid.T) {
	switch w := m.someWaiter(); {
	case w == nil:
	case rapid.IntRange(0, 3).Draw(m.t, "superseded") == 0:
		m.harness.client(w.client).session.Add(1)
	default:
		w.hangUp()
	}
}

func (m *model) someWaiter() *modelWaiter {
	all := slices.Concat(m.queues["a"], m.queues["b"])
	if len(all) == 0 {
		return nil
	}
	return rapid.SampledFrom(all).Draw(m.t, "place")
}

func (m *model) wait(client byte, t Take) {
	c := m.harness.client(client)
	ctx, cancel := context.WithCancel(context.Background())
	call := &BlockedCall{ctx: ctx, session: c.session.Load(), done: make(chan struct{})}
	want, waits := m.predictWait(&modelWaiter{client: client, take: t, call: call, hangUp: cancel})
	got, waiting := m.allocator.Wait(c, t, call, m.now)
	m.commit()
	require.Equal(m.t, waits, waiting, "take %+v: %+v", t, got)
	m.answer(client, t, want, got)
}

// predictWait returns the immediate answer to a take, or that the take waits, and notes its effects.
func (m *model) predictWait(w *modelWaiter) (o Outcome, waits bool) {
	t := w.take
	if earlier := m.waiterOf(w.client, t.Request); earlier != nil {
		if earlier.take.Feature != t.Feature || earlier.take.Count != t.Count {
			return no(messages.Malformed), false
		}
		if o := m.unservable(earlier.take); o.Result != 0 {
			m.leave(earlier, owed{err: ErrOvertaken})
			return o, false
		}
		if earlier.call != nil {
			m.owed[earlier.call] = owed{err: ErrOvertaken}
		}
		earlier.call, earlier.hangUp = w.call, w.hangUp
		return Outcome{}, true
	}
	if o := m.predict(w.client, t); o.Reason != messages.NoSeats || m.unservable(t).Result != 0 {
		return o, false
	}
	m.queues[t.Feature] = append(m.queues[t.Feature], w)
	return Outcome{}, true
}

// serve has the allocator serve its queues, and claims that every answer is right.
func (m *model) serve() {
	for m.allocator.ServeQueues(m.now, 2) {
		m.commit()
	}
	m.commit()
	decided := slices.Clone(m.allocator.queues.decided)
	m.allocator.AnswerCalls()
	var given []*BlockedCall // the calls that got no decision about their take
	for _, call := range decided {
		if call.err != nil || call.outcome.Result == Gone {
			given = append(given, call)
			continue
		}
		m.checkServed(call)
	}
	for _, call := range given {
		m.checkAbandoned(call)
	}
	require.Empty(m.t, m.owed, "calls that are not answered")
}

// checkServed claims that a waiter was decided in its turn, and rightly.
func (m *model) checkServed(call *BlockedCall) {
	w := m.waiter(func(w *modelWaiter) bool { return w.call == call })
	require.NotNil(m.t, w, "a call is answered that does not wait: %+v", call.outcome)
	require.False(m.t, m.over(w), "nobody waits for this answer any more")
	t := w.take
	first := m.queues[t.Feature][0] == w
	want := m.unservable(t)
	if want.Result == 0 {
		want = m.decide(w.client, t, first)
	}
	require.True(m.t, first || want.Result == Granted, "only the first is refused")
	m.leave(w, owed{})
	delete(m.owed, call)
	m.answer(w.client, t, want, call.outcome)
}

// checkAbandoned claims that a call that got no decision had to end.
func (m *model) checkAbandoned(call *BlockedCall) {
	if want, known := m.owed[call]; known {
		require.Equal(m.t, want, owed{call.outcome, call.err})
		delete(m.owed, call)
		return
	}
	w := m.waiter(func(w *modelWaiter) bool { return w.call == call })
	require.NotNil(m.t, w)
	require.True(m.t, m.over(w))
	require.Error(m.t, call.err)
	w.call, w.left = nil, m.now
}

// over reports whether the call of a waiter has ended, whether the allocator knows or not.
func (m *model) over(w *modelWaiter) bool {
	return w.call == nil || w.call.ctx.Err() != nil || w.call.session != m.harness.client(w.client).session.Load()
}

// expireWaiters removes the waiters whose clients did not repeat their requests.
func (m *model) expireWaiters() {
	m.allocator.ExpireWaiters(m.now)
	for _, line := range m.queues {
		for _, w := range slices.Clone(line) {
			if w.call == nil && m.now-w.left >= modelTimeout/3 {
				m.leave(w, owed{})
			}
		}
	}
}

// checkQueues claims that every waiter has to wait, and that the allocator has no others.
func (m *model) checkQueues() {
	assert.Empty(m.t, m.allocator.queues.dirty)
	total, of := 0, make(map[byte]int)
	for feature, line := range m.queues {
		_, p := m.allocator.pools.find(feature)
		require.Equal(m.t, len(line), p.queue.len(), feature)
		waiters := slices.Collect(p.queue.all)
		for i, w := range line {
			require.Equal(m.t, w.take.Request, waiters[i].take.Request, "the queue has another order")
			total++
			of[w.client]++
			if !m.over(w) {
				m.checkWaits(w, i == 0)
			}
		}
	}
	assert.Len(m.t, m.allocator.queues.waiters, total)
	for client := range byte(modelClients) {
		assert.Equal(m.t, of[client+1], m.harness.client(client+1).waiting)
	}
}

// checkWaits claims that there are no seats for the first waiter, and none that a later waiter may share.
func (m *model) checkWaits(w *modelWaiter, first bool) {
	if !first && !m.shares(w) {
		return
	}
	t := w.take
	unservable := m.unservable(t)
	_, o := m.evaluate(w.client, t, first)
	if first {
		assert.Zero(m.t, unservable.Result, "%+v waits for nothing", t)
		assert.Equal(m.t, messages.NoSeats, o.Reason, "%+v is first and could be decided", t)
		return
	}
	assert.False(m.t, unservable.Result == 0 && o.Result == Granted, "%+v could share seats", t)
}

// shares reports whether the share group of a waiter's client holds seats.
func (m *model) shares(w *modelWaiter) bool {
	scope := m.pools[w.take.Feature].share
	group := modelGroups(w.client)[scope]
	return group != shareKey{} && slices.ContainsFunc(m.held(nil), func(r *modelRequest) bool {
		return r.feature == w.take.Feature && r.scope == scope && r.group == group
	})
}
