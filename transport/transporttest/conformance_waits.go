package transporttest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

var waitPromises = []promise{
	{"AServerWithoutALineRefusesAtOnce", tryNoLine},
	{"WhoWaitsIsGrantedWhenSeatsComeBack", tryWait},
	{"NobodyOvertakesTheLine", tryOvertaking},
	{"WhatGivesBackWhatItTakesGoesAhead", tryGoingAhead},
	{"AWaitThatIsOverKeepsItsPlace", tryWaitOver},
	{"AReturnedRequestLeavesTheLine", tryLeavingLine},
	{"APlaceThatIsAbandonedIsDropped", tryAbandonedPlace},
	{"WhatCanNeverBeGrantedDoesNotWait", tryWaitInVain},
	{"TheTakesOfABatchDoNotWait", tryWaitingBatch},
	{"AWaitEndsWithItsContext", tryWaitCancelled},
	{"AWaitEndsWithItsSession", tryWaitSuperseded},
}

// waitResult is what a call with one take that waits returned.
type waitResult struct {
	outcome transport.Outcome
	err     error
}

// waiting returns a take like the other, that waits as long as may be.
func waiting(take transport.Take) transport.Take {
	take.Wait = transport.MaxWait
	return take
}

// wait sends a take that waits, and returns where its outcome arrives.
func (p *probe) wait(ctx context.Context, take transport.Take) <-chan waitResult {
	result, session := make(chan waitResult, 1), p.session
	go func() {
		reply, err := session.Checkout(ctx, []transport.Take{take})
		if err != nil || len(reply.Outcomes) != 1 {
			result <- waitResult{err: err}
			return
		}
		result <- waitResult{outcome: reply.Outcomes[0]}
	}()
	return result
}

// line is the scene of most promises: holder has all seats but one, and first waits in line for all of them.
type line struct {
	holder, first *probe
	lease         messages.LeaseID // of the holder
	taken         transport.Take   // by the holder
	take          transport.Take   // that first waits with
	result        <-chan waitResult
	end           context.CancelFunc // of first's call
}

func newLine(t *testing.T, f *Fixture) *line {
	t.Helper()
	needs(t, f.Waits, "Waits")
	l := &line{holder: newProbe(t, f), first: newProbe(t, f)}
	l.taken = l.holder.take(f.Feature, f.Seats-1)
	l.lease = l.holder.granted(l.taken)
	l.take = waiting(l.first.take(f.Feature, f.Seats))
	ctx, end := context.WithCancel(l.first.context())
	t.Cleanup(end)
	l.end, l.result = end, l.first.wait(ctx, l.take)
	l.inLine()
	return l
}

// inLine waits until somebody is in line: then the seat that is free is not given to those who come later.
func (l *line) inLine() {
	t := l.holder.t
	t.Helper()
	require.Eventually(t, func() bool {
		require.Empty(t, l.result, "a take that waits was answered at once")
		o := l.holder.checkout(l.holder.take(l.holder.fixture.Feature, 1))[0]
		if o.Result == transport.Granted {
			l.holder.checkin(transport.Return{Lease: o.Lease})
		}
		return o.Result == transport.Refused && o.Reason == messages.NoSeats
	}, soon, 10*time.Millisecond, "nobody is in line")
}

// free gives back what the holder has.
func (l *line) free() { l.holder.checkin(transport.Return{Lease: l.lease}) }

// grantedNow claims that a call that waits is granted now.
func (p *probe) grantedNow(result <-chan waitResult) messages.LeaseID {
	p.t.Helper()
	select {
	case r := <-result:
		require.NoError(p.t, r.err)
		require.Equal(p.t, transport.Granted, r.outcome.Result, "%s %s", r.outcome.Reason, r.outcome.Message)
		return r.outcome.Lease
	case <-time.After(soon):
		require.Fail(p.t, "the seats are free and nobody is granted them")
	}
	return messages.LeaseID{}
}

// stillWaits claims that a call is not answered yet, as far as a moment can tell.
func (p *probe) stillWaits(result <-chan waitResult) {
	p.t.Helper()
	select {
	case r := <-result:
		require.Fail(p.t, "a call that waits in line was answered", "%s %s %v", r.outcome.Reason, r.outcome.Message, r.err)
	case <-time.After(30 * time.Millisecond):
	}
}

// persist repeats a take until it is decided, as a client does.
func (p *probe) persist(take transport.Take, meanwhile func()) transport.Outcome {
	p.t.Helper()
	for end := time.Now().Add(soon); time.Now().Before(end); meanwhile() {
		o := p.checkout(take)[0]
		if o.Result != transport.Refused || o.RetryAfter == 0 {
			return o
		}
		time.Sleep(o.RetryAfter)
	}
	require.Fail(p.t, "a wait has no end")
	return transport.Outcome{}
}

func tryNoLine(t *testing.T, f *Fixture) {
	needs(t, !f.Waits, "server without a line")
	p := newProbe(t, f)
	p.granted(p.take(f.Feature, f.Seats))
	began := time.Now()
	o := p.checkout(waiting(p.take(f.Feature, 1)))[0]
	assert.Equal(t, messages.NoSeats, o.Reason)
	assert.Zero(t, o.RetryAfter, "it is not to be repeated")
	assert.Less(t, time.Since(began), soon)
}

func tryWait(t *testing.T, f *Fixture) {
	l := newLine(t, f)
	l.first.stillWaits(l.result)
	l.free()
	lease := l.first.grantedNow(l.result)
	l.first.held(lease)
	assert.Equal(t, lease, l.first.granted(l.take), "a repeat gets the same grant")
}

func tryOvertaking(t *testing.T, f *Fixture) {
	l := newLine(t, f)
	later := newProbe(t, f)
	result := later.wait(later.context(), waiting(later.take(f.Feature, 1)))
	later.stillWaits(result)
	l.free()
	lease := l.first.grantedNow(l.result)
	later.stillWaits(result)
	l.first.checkin(transport.Return{Lease: lease})
	later.grantedNow(result)
}

func tryGoingAhead(t *testing.T, f *Fixture) {
	l := newLine(t, f)
	l.lease = l.holder.granted(l.holder.take(f.Feature, f.Seats-1, l.taken.Request))
	l.first.stillWaits(l.result)
	l.free()
	l.first.grantedNow(l.result)
}

func tryWaitOver(t *testing.T, f *Fixture) {
	l := newLine(t, f)
	l.end()
	<-l.result
	brief := l.take
	brief.Wait = time.Millisecond
	o := l.first.checkout(brief)[0]
	assert.Equal(t, messages.NoSeats, o.Reason)
	require.Positive(t, o.RetryAfter, "the place is kept: the request is to be repeated")
	later := newProbe(t, f)
	result := later.wait(later.context(), waiting(later.take(f.Feature, 1)))
	later.stillWaits(result)
	l.result = l.first.wait(l.first.context(), l.take)
	l.first.stillWaits(l.result)
	l.free()
	l.first.grantedNow(l.result)
	later.stillWaits(result)
}

func tryLeavingLine(t *testing.T, f *Fixture) {
	l := newLine(t, f)
	later := newProbe(t, f)
	result := later.wait(later.context(), waiting(later.take(f.Feature, 1)))
	later.stillWaits(result)
	l.first.checkin(transport.Return{Request: l.take.Request})
	select {
	case r := <-l.result:
		assert.True(t, r.err != nil || r.outcome.Result == transport.Gone, "the call of a request that was returned")
	case <-time.After(soon):
		assert.Fail(t, "the request was returned and its call still waits")
	}
	later.grantedNow(result)
	l.first.gone(messages.Returned, l.take, "the request was returned")
}

func tryAbandonedPlace(t *testing.T, f *Fixture) {
	needs(t, f.SetClientTimeout != nil, "SetClientTimeout")
	f.SetClientTimeout(1500 * time.Millisecond)
	l := newLine(t, f)
	l.end()
	<-l.result
	later := newProbe(t, f)
	o := later.persist(waiting(later.take(f.Feature, 1)), func() { l.holder.held(l.lease) })
	assert.Equal(t, transport.Granted, o.Result, "%s %s", o.Reason, o.Message)
}

func tryWaitInVain(t *testing.T, f *Fixture) {
	needs(t, f.Waits, "Waits")
	p := newProbe(t, f)
	tooHigh := waiting(p.take(f.Feature, 1))
	tooHigh.Version = messages.V(f.Version.Major+1, 0)
	for reason, take := range map[messages.Reason]transport.Take{
		messages.NoSeats:       waiting(p.take(f.Feature, f.Seats+1)),
		messages.NoSuchFeature: waiting(p.take("seatbeat-conformance-no-such-feature", 1)),
		messages.VersionTooLow: tooHigh,
	} {
		began := time.Now()
		o := p.checkout(take)[0]
		assert.Equal(t, reason, o.Reason)
		assert.Zero(t, o.RetryAfter, "%s is final", reason)
		assert.Less(t, time.Since(began), soon)
	}
}

func tryWaitingBatch(t *testing.T, f *Fixture) {
	needs(t, f.Waits, "Waits")
	p := newProbe(t, f)
	p.granted(p.take(f.Feature, f.Seats))
	began := time.Now()
	for _, o := range p.checkout(waiting(p.take(f.Feature, 1)), waiting(p.take(f.Feature, 1))) {
		assert.Equal(t, messages.NoSeats, o.Reason)
		assert.Zero(t, o.RetryAfter)
	}
	assert.Less(t, time.Since(began), soon)
}

func tryWaitCancelled(t *testing.T, f *Fixture) {
	l := newLine(t, f)
	l.end()
	l.first.endsUnreached(l.result)
	l.first.held() // the session bears it
}

func tryWaitSuperseded(t *testing.T, f *Fixture) {
	l := newLine(t, f)
	older := l.first.session
	l.first.session = l.first.connect(f.Address)
	l.first.held()
	l.free()
	select { // it may have noticed already, or when it is closed
	case r := <-l.result:
		unreached(t, r.err, Checkouts)
	case <-time.After(30 * time.Millisecond):
		require.NoError(t, older.Close())
		l.first.endsUnreached(l.result)
	}
	assert.Equal(t, transport.Granted, l.first.persist(l.take, func() {}).Result, "the later session goes on with the place")
}

func (p *probe) endsUnreached(result <-chan waitResult) {
	p.t.Helper()
	select {
	case r := <-result:
		unreached(p.t, r.err, Checkouts)
	case <-time.After(soon):
		require.Fail(p.t, "a wait that should have ended goes on")
	}
}
