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

// modelPlace is what the model knows of a take in line.
type modelPlace struct {
	client byte
	take   Take
	call   *BlockedCall // nil while none waits, or none that the book knows of
	hangUp context.CancelFunc
	left   time.Duration
}

// owed is what a call is to be told whose place is given up.
type owed struct {
	outcome Outcome
	err     error
}

func (m *model) placeOf(client byte, request messages.RequestID) *modelPlace {
	return m.place(func(pl *modelPlace) bool { return pl.client == client && pl.take.Request == request })
}

// place returns one that is so, nil if none is.
func (m *model) place(so func(*modelPlace) bool) *modelPlace {
	for _, line := range m.lines {
		if i := slices.IndexFunc(line, so); i >= 0 {
			return line[i]
		}
	}
	return nil
}

// leave gives up a place, if there is one.
func (m *model) leave(pl *modelPlace, o owed) {
	if pl == nil {
		return
	}
	if pl.call != nil {
		m.owed[pl.call] = o
	}
	line := m.lines[pl.take.Feature]
	m.lines[pl.take.Feature] = slices.DeleteFunc(line, func(other *modelPlace) bool { return other == pl })
}

// unservable predicts the refusal of what waits for nothing.
func (m *model) unservable(t Take) Outcome {
	version, reason := m.served(t)
	if reason != messages.NoReason {
		return no(reason)
	}
	most := 0
	for _, f := range m.live(t.Feature) {
		if f.Version.Compare(version) >= 0 {
			most += f.Seats + f.Overdraft
		}
	}
	if t.Count > most {
		return no(messages.NoSeats)
	}
	return Outcome{}
}

// Wait puts a take in line, if it has to wait.
func (m *model) Wait(*rapid.T) { m.wait(m.someClient(), m.someTake()) }

// WaitOn repeats a take that is in line.
func (m *model) WaitOn(*rapid.T) {
	if pl := m.somePlace(); pl != nil {
		t := pl.take
		t.Count += max(0, rapid.IntRange(-5, 1).Draw(m.t, "more seats"))
		m.wait(pl.client, t)
	}
}

// HangUp ends the wait of a call, or of all calls of its client. The book is not told.
func (m *model) HangUp(*rapid.T) {
	switch pl := m.somePlace(); {
	case pl == nil:
	case rapid.IntRange(0, 3).Draw(m.t, "superseded") == 0:
		m.harness.client(pl.client).session.Add(1)
	default:
		pl.hangUp()
	}
}

func (m *model) somePlace() *modelPlace {
	all := slices.Concat(m.lines["a"], m.lines["b"])
	if len(all) == 0 {
		return nil
	}
	return rapid.SampledFrom(all).Draw(m.t, "place")
}

func (m *model) wait(client byte, t Take) {
	c := m.harness.client(client)
	ctx, cancel := context.WithCancel(context.Background())
	call := &BlockedCall{ctx: ctx, session: c.session.Load(), done: make(chan struct{})}
	want, waits := m.predictWait(&modelPlace{client: client, take: t, call: call, hangUp: cancel})
	got, waiting := m.allocator.Wait(c, t, call, m.now)
	m.commit()
	require.Equal(m.t, waits, waiting, "take %+v: %+v", t, got)
	m.answer(client, t, want, got)
}

// predictWait returns what answers a take at once, or that it waits, and notes it.
func (m *model) predictWait(pl *modelPlace) (o Outcome, waits bool) {
	t := pl.take
	if earlier := m.placeOf(pl.client, t.Request); earlier != nil {
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
		earlier.call, earlier.hangUp = pl.call, pl.hangUp
		return Outcome{}, true
	}
	if o := m.predict(pl.client, t); o.Reason != messages.NoSeats || m.unservable(t).Result != 0 {
		return o, false
	}
	m.lines[t.Feature] = append(m.lines[t.Feature], pl)
	return Outcome{}, true
}

// serve has the book serve its lines, and claims of each call that it answers that the answer is right.
func (m *model) serve() {
	for m.allocator.ServeQueues(m.now, 2) {
		m.commit()
	}
	m.commit()
	decided := slices.Clone(m.allocator.queues.decided)
	m.allocator.AnswerCalls()
	var given []*BlockedCall // up: some of them by those who were served
	for _, call := range decided {
		if call.err != nil || call.outcome.Result == Gone {
			given = append(given, call)
			continue
		}
		m.checkServed(call)
	}
	for _, call := range given {
		m.checkGivenUp(call)
	}
	require.Empty(m.t, m.owed, "calls that are not answered")
}

// checkServed claims that a place in line is decided in its turn, and rightly.
func (m *model) checkServed(call *BlockedCall) {
	pl := m.place(func(pl *modelPlace) bool { return pl.call == call })
	require.NotNil(m.t, pl, "a call is answered that does not wait: %+v", call.outcome)
	require.False(m.t, m.over(pl), "nobody waits for this answer any more")
	t := pl.take
	first := m.lines[t.Feature][0] == pl
	want := m.unservable(t)
	if want.Result == 0 {
		want = m.decide(pl.client, t, first)
	}
	require.True(m.t, first || want.Result == Granted, "only the first is refused")
	m.leave(pl, owed{})
	delete(m.owed, call)
	m.answer(pl.client, t, want, call.outcome)
}

// checkGivenUp claims that a call without an answer to its take had to end.
func (m *model) checkGivenUp(call *BlockedCall) {
	if want, known := m.owed[call]; known {
		require.Equal(m.t, want, owed{call.outcome, call.err})
		delete(m.owed, call)
		return
	}
	pl := m.place(func(pl *modelPlace) bool { return pl.call == call })
	require.NotNil(m.t, pl)
	require.True(m.t, m.over(pl))
	require.Error(m.t, call.err)
	pl.call, pl.left = nil, m.now
}

// over tells whether the call of a place has ended, whether the book knows or not.
func (m *model) over(pl *modelPlace) bool {
	return pl.call == nil || pl.call.ctx.Err() != nil || pl.call.session != m.harness.client(pl.client).session.Load()
}

// tidy drops the places of those who did not come back.
func (m *model) tidy() {
	m.allocator.ExpireWaiters(m.now)
	for _, line := range m.lines {
		for _, pl := range slices.Clone(line) {
			if pl.call == nil && m.now-pl.left >= modelTimeout/3 {
				m.leave(pl, owed{})
			}
		}
	}
}

// checkLines claims that all who wait have to, and that the book knows of nobody else.
func (m *model) checkLines() {
	assert.Empty(m.t, m.allocator.queues.dirty)
	total, of := 0, make(map[byte]int)
	for feature, line := range m.lines {
		_, p := m.allocator.pools.find(feature)
		require.Equal(m.t, len(line), p.queue.len(), feature)
		waiters := slices.Collect(p.queue.all)
		for i, pl := range line {
			require.Equal(m.t, pl.take.Request, waiters[i].take.Request, "the queue has another order")
			total++
			of[pl.client]++
			if !m.over(pl) {
				m.checkWaits(pl, i == 0)
			}
		}
	}
	assert.Len(m.t, m.allocator.queues.waiters, total)
	for client := range byte(modelClients) {
		assert.Equal(m.t, of[client+1], m.harness.client(client+1).waiting)
	}
}

// checkWaits claims that there are no seats for the first in line, and for others none that they may share.
func (m *model) checkWaits(pl *modelPlace, first bool) {
	if !first && !m.shares(pl) {
		return
	}
	t := pl.take
	unservable := m.unservable(t)
	_, o := m.judge(pl.client, t, first)
	if first {
		assert.Zero(m.t, unservable.Result, "%+v waits for nothing", t)
		assert.Equal(m.t, messages.NoSeats, o.Reason, "%+v is first and could be decided", t)
		return
	}
	assert.False(m.t, unservable.Result == 0 && o.Result == Granted, "%+v could share seats", t)
}

// shares tells whether a client's group holds seats.
func (m *model) shares(pl *modelPlace) bool {
	scope := m.pools[pl.take.Feature].share
	group := modelGroups(pl.client)[scope]
	return group != shareKey{} && slices.ContainsFunc(m.held(nil), func(r *modelRequest) bool {
		return r.feature == pl.take.Feature && r.scope == scope && r.group == group
	})
}
