package engine

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
)

// historyClient is one client of a history.
type historyClient struct {
	h       *historyHarness
	holder  ledger.Holder
	session uint64
	leases  []seatInput // granted once, with their lease
}

// some returns one of the leases, nil when there is none.
func (c *historyClient) some() *seatInput {
	if len(c.leases) == 0 {
		return nil
	}
	return &c.leases[rand.IntN(len(c.leases))]
}

// checkout takes seats, sometimes twice at once, sometimes waiting, and repeats until it gets an answer.
func (c *historyClient) checkout() {
	in := seatInput{call: callCheckout, pool: string(rune('a' + rand.IntN(2))), count: 1 + rand.IntN(2)}
	t := take(in.pool, in.count)
	in.request = t.Request
	t.Wait = max(0, rand.N(6*time.Second)-3*time.Second)
	var wg sync.WaitGroup
	if rand.IntN(4) == 0 {
		same := in
		wg.Go(func() { c.take(same, t) })
	}
	for {
		if out := c.take(in, t); out.result != 0 {
			if out.result == seats.Granted {
				in.lease = out.lease
				c.leases = append(c.leases, in)
			}
			break
		}
		time.Sleep(time.Second)
	}
	wg.Wait()
}

func (c *historyClient) take(in seatInput, t seats.Take) (out seatOutput) {
	c.do(in, func(e *Engine, entered *seats.Client) (seatOutput, error) {
		outcomes, err := c.ask(e, entered, t)
		if err == nil {
			o := outcomes[0]
			out = seatOutput{result: o.Result, lease: o.Lease, reason: o.Reason, queued: strings.HasPrefix(o.Message, "checkouts that wait in the queue")}
		}
		return out, err
	})
	return out
}

// errStillQueued stands for the end of a wait: the take may have been granted in the same moment, as with any other call
// that gets no answer.
var errStillQueued = errors.New("still in the queue")

func (c *historyClient) ask(e *Engine, entered *seats.Client, t seats.Take) ([]seats.Outcome, error) {
	if t.Wait == 0 {
		return e.Checkout(context.Background(), entered, []seats.Take{t})
	}
	outcomes, err := e.Wait(context.Background(), entered, c.session, t)
	if err == nil && outcomes[0].RetryAfter > 0 {
		err = errStillQueued
	}
	return outcomes, err
}

func (c *historyClient) beat(held *seatInput) {
	in := *held
	in.call = callBeat
	c.do(in, func(e *Engine, c *seats.Client) (seatOutput, error) {
		missing, err := e.Heartbeat(context.Background(), c, in.lease[:])
		if len(missing) > 0 {
			return seatOutput{result: seats.Gone, reason: missing[0].Reason}, err
		}
		return seatOutput{result: seats.Granted}, err
	})
}

func (c *historyClient) checkin(held *seatInput) {
	in := *held
	in.call = callCheckin
	answered := c.do(in, func(e *Engine, c *seats.Client) (seatOutput, error) {
		return seatOutput{result: seats.Granted}, e.Checkin(context.Background(), c, []messages.LeaseID{in.lease}, nil)
	})
	if answered && rand.IntN(4) > 0 { // sometimes it goes on to renew the lease
		c.leases = slices.DeleteFunc(c.leases, func(l seatInput) bool { return l.request == in.request })
	}
}

// do makes a call and notes it, and reports whether it was answered. An error of any kind is no answer.
func (c *historyClient) do(in seatInput, call func(*Engine, *seats.Client) (seatOutput, error)) bool {
	e := c.h.server.Load()
	entered, err := e.clients.Enter(c.holder, c.session, e.clock.now())
	if err != nil {
		return false
	}
	defer func() { entered.Leave(e.clock.now()) }()
	id := c.h.called(in)
	out, err := call(e, entered)
	if err != nil {
		return false
	}
	c.h.answered(id, out)
	return true
}

// seatEvent is the call or the return of an operation.
type seatEvent struct {
	at time.Time
	porcupine.Event
}

// leaseStory bounds the time at which a lease may expire.
type leaseStory struct {
	in      seatInput
	sign    time.Time // when the last call began that showed that the lease lives, or else the first call that may have granted it
	certain bool      // there was such a call
	over    bool      // it was returned before it could expire, or refused

	asked, refused int // how often
}

// called notes the call of an operation.
func (h *historyHarness) called(in seatInput) (id int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	id = len(h.events)
	h.events = append(h.events, seatEvent{time.Now(), porcupine.Event{Kind: porcupine.CallEvent, Value: in, Id: id}})
	if in.call == callCheckout {
		if h.leases[in.request] == nil {
			h.leases[in.request] = &leaseStory{in: in, sign: time.Now()}
		}
		h.leases[in.request].asked++
		h.leases[in.request].over = false
	}
	return id
}

// answered notes its return.
func (h *historyHarness) answered(id int, out seatOutput) {
	h.mu.Lock()
	defer h.mu.Unlock()
	out.known = true
	h.events = append(h.events, seatEvent{time.Now(), porcupine.Event{Kind: porcupine.ReturnEvent, Value: out, Id: id}})
	called := h.events[id]
	in := called.Value.(seatInput)
	l := h.leases[in.request]
	switch {
	case l == nil:
	case in.call != callCheckin && out.result == seats.Granted && (!l.certain || called.at.After(l.sign)):
		l.sign, l.certain = called.at, true
	case in.call == callCheckin && time.Since(l.sign) < historyTimeout:
		l.over = true
	case in.call == callCheckout && out.result == seats.Refused:
		l.refused++
		l.over = l.refused == l.asked
	}
}

// finished returns the history: what the clients saw, and for each lease that it may expire from a certain moment on. An
// operation without an answer may happen at any later time.
func (h *historyHarness) finished() []porcupine.Event {
	returned := make(map[int]bool)
	for _, e := range h.events {
		returned[e.Id] = returned[e.Id] || e.Kind == porcupine.ReturnEvent
	}
	all := slices.DeleteFunc(slices.Clone(h.events), needless(returned))
	id, last := len(h.events), h.events[len(h.events)-1].at
	for _, l := range h.leases {
		due := l.sign.Add(historyTimeout)
		if l.over || due.After(last) {
			continue
		}
		in := l.in
		in.call = callExpire
		at, _ := slices.BinarySearchFunc(all, due, func(e seatEvent, due time.Time) int { return e.at.Compare(due) })
		all = slices.Insert(all, at, seatEvent{due, porcupine.Event{Kind: porcupine.CallEvent, Value: in, Id: id}})
		id++
	}
	events := make([]porcupine.Event, len(all))
	for i, e := range all {
		events[i] = e.Event
	}
	for _, e := range all {
		if e.Kind == porcupine.CallEvent && !returned[e.Id] {
			events = append(events, porcupine.Event{Kind: porcupine.ReturnEvent, Value: seatOutput{}, Id: e.Id})
		}
	}
	return events
}

// needless reports calls without an answer that explain nothing, and would cost the checker hours: heartbeats, and all but
// the first of the calls that take or return the same lease.
func needless(returned map[int]bool) func(seatEvent) bool {
	type attempt struct {
		call    seatCall
		request messages.RequestID
	}
	made := make(map[attempt]bool)
	return func(e seatEvent) bool {
		in, called := e.Value.(seatInput)
		if !called || returned[e.Id] {
			return false
		}
		again := made[attempt{in.call, in.request}]
		made[attempt{in.call, in.request}] = true
		return again || in.call == callBeat
	}
}
