package supervisor

import (
	"github.com/stretchr/testify/assert"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// checkHistory checks what must be true of every run, once the runtime is closed.
func (s *stage) checkHistory() {
	s.Helper()
	checkPairs(s.T, s.events.all())
	s.tap.mu.Lock()
	defer s.tap.mu.Unlock()
	assert.Zero(s, s.tap.open, "sessions that were never closed")
	h := history{stage: s, requests: map[at[messages.RequestID]]fate{}, leases: map[at[messages.LeaseID]]messages.RequestID{}}
	for i, call := range s.tap.list {
		h.check(call)
		h.checkOverlap(s.tap.list[:i], call)
	}
}

// at is an id at one server.
type at[ID any] struct {
	serverID string
	id       ID
}

// fate is what became of a request.
type fate struct {
	returned  bool      // its return, or its cancel, was sent
	cancelled time.Time // when; what is sent at the same time may be sent before
	beaten    bool      // its lease was named in a heartbeat
	ended     bool      // the server told that its lease has ended, or went back in time
}

// history is what a server was sent, call by call.
type history struct {
	stage    *stage
	requests map[at[messages.RequestID]]fate
	leases   map[at[messages.LeaseID]]messages.RequestID
}

func (h *history) check(call *sent) {
	switch call.kind {
	case transporttest.Checkouts:
		for i, t := range call.takes {
			h.checkTake(call, t)
			if i < len(call.outcomes) && call.outcomes[i].Result == transport.Granted {
				h.leases[at[messages.LeaseID]{call.serverID, call.outcomes[i].Lease}] = t.Request
			}
		}
	case transporttest.Heartbeats:
		for _, id := range call.leases {
			request := h.leases[at[messages.LeaseID]{call.serverID, id}]
			f := h.requests[at[messages.RequestID]{call.serverID, request}]
			assert.False(h.stage, f.returned, "rule 14: a lease that was returned to %s is beaten", call.serverID)
			h.change(call, request, func(f *fate) { f.beaten = true })
		}
		for _, g := range call.gone {
			h.change(call, h.leases[at[messages.LeaseID]{call.serverID, g.Lease}], func(f *fate) { f.ended = true })
		}
	case transporttest.Checkins:
		for _, r := range call.returns {
			h.change(call, r.Request, func(f *fate) { f.returned, f.cancelled = true, call.at })
		}
	}
}

// change changes the fate of a request, if the tap saw it granted.
func (h *history) change(call *sent, request messages.RequestID, change func(*fate)) {
	key := at[messages.RequestID]{call.serverID, request}
	f := h.requests[key]
	change(&f)
	h.requests[key] = f
}

func (h *history) checkTake(call *sent, t transport.Take) {
	f := h.requests[at[messages.RequestID]{call.serverID, t.Request}]
	assert.False(h.stage, f.returned && call.at.After(f.cancelled), "rule 13: a request is sent to %s again after its cancel", call.serverID)
	for _, r := range t.Replaces {
		f := h.requests[at[messages.RequestID]{call.serverID, r}]
		assert.False(h.stage, f.beaten && !f.ended && !f.returned && !h.stage.rolledBack(),
			"rule 6: a take at %s replaces a lease that was not reported ended", call.serverID)
	}
}

// rolledBack reports whether a server's epoch went down: then its leases are forgotten without a report.
func (s *stage) rolledBack() bool { return count[messages.ServerReplaced](&s.events) > 0 }

// checkOverlap checks that beats to one server never overlap, but for the chunks of one beat.
func (h *history) checkOverlap(before []*sent, call *sent) {
	if call.kind != transporttest.Heartbeats || len(before) == 0 {
		return
	}
	for _, b := range before[max(0, len(before)-20):] {
		chunks := len(b.leases) == transport.MaxLeases || len(call.leases) == transport.MaxLeases
		if b.kind == call.kind && b.serverID == call.serverID && !chunks {
			assert.False(h.stage, b.ended.IsZero() || call.at.Before(b.ended),
				"rule 4: a beat to %s begins while another is under way", call.serverID)
		}
	}
}
