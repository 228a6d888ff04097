package connection

import (
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// take is one attempt of one feature to get seats from this server. Its own methods and those of pendingTakes change it.
type take struct {
	member    *protocol.Member
	number    uint32
	mode      protocol.TakeMode
	request   messages.RequestID
	replaces  []messages.RequestID
	began     protocol.Instant // when the failover round began
	timeout   time.Duration    // for the server's answer, from when the request is sent or the connect begins
	answered  []string         // ServerIDs of the servers that answered in the feature's round
	started   protocol.Instant // when its time began to run
	deadline  protocol.Instant // zero: not started, or a take that is repeated without a deadline
	notBefore protocol.Instant // when a delayed take is to be sent again
	tries     int              // how often the request was sent
	inFlight  bool             // a batch with it is under way
	wasCut    bool             // the latest call with it was cut short: it is to be sent again within its time
	cancelled bool             // the take is over: an answer means nothing any more
	call      *protocol.Reply  // the application's heartbeat that waits for it; nil: none
}

// order returns the take as the feature asked for it, to be asked elsewhere.
func (t *take) order() *protocol.TakeOrder {
	return &protocol.TakeOrder{Member: t.member, TakeSeat: protocol.TakeSeat{
		Take: t.number, Mode: t.mode, Began: t.began, Timeout: t.timeout, Answered: t.answered,
	}}
}

// wire returns the take as the server gets it.
func (t *take) wire() transport.Take {
	claim := t.member.Claim
	return transport.Take{
		Request: t.request, Feature: claim.Feature, Version: claim.Version, Count: claim.Count,
		Exact: t.member.Exact, Replaces: t.replaces,
	}
}

// await lets a call of the application wait for the take; the call that waited before is returned.
func (t *take) await(call *protocol.Reply) *protocol.Reply {
	before := t.call
	t.call = call
	return before
}

// start starts the deadline of a take that may be asked of another server, and returns the deadline.
func (t *take) start(now protocol.Instant) protocol.Instant {
	if !t.mode.Repeats() && t.deadline == (protocol.Instant{}) {
		t.started, t.deadline = now, now.After(t.timeout)
	}
	return t.deadline
}

// cutShort notes that this connection cut the call short.
func (t *take) cutShort() { t.wasCut = true }

// mayTryAgain reports whether a connect that failed leaves the take time for another one: its call was cut short, or its
// time began to run after that connect was begun.
func (t *take) mayTryAgain(connectBegan protocol.Instant) bool {
	return t.wasCut || connectBegan.Before(t.started)
}

// renew gives the take a new request, which replaces the old request: the lease of the old request has ended.
func (t *take) renew(request messages.RequestID) {
	kept := t.replaces[max(0, len(t.replaces)-transport.MaxReplaces+1):len(t.replaces):len(t.replaces)]
	t.replaces, t.request = append(kept, t.request), request
}

func (t *take) begin()  { t.inFlight, t.wasCut = true, false }
func (t *take) sent()   { t.tries++ }
func (t *take) land()   { t.inFlight = false }
func (t *take) cancel() { t.cancelled = true }

// delayUntil sets when the take is to be sent again.
func (t *take) delayUntil(at protocol.Instant) { t.notBefore = at }
