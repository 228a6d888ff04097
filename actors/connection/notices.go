package connection

import (
	"fmt"
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// notices collects the effects of one step, in the order in which they are to be performed. It is the only place that
// writes what features are told.
type notices struct {
	ref     *protocol.ConnectionRef
	effects []protocol.Effect
}

// take returns the effects, and forgets them.
func (n *notices) take() []protocol.Effect {
	effects := n.effects
	n.effects = nil
	return effects
}

// order adds an effect.
func (n *notices) order(e protocol.Effect) { n.effects = append(n.effects, e) }

func (n *notices) publish(e messages.Event)      { n.order(protocol.Publish{Event: e}) }
func (n *notices) warn(text string, args ...any) { n.order(protocol.Warn{Text: text, Args: args}) }
func (n *notices) forward(to *protocol.ConnectionRef, in any) {
	n.order(protocol.Forward{To: to, In: in})
}
func (n *notices) tell(f *protocol.Member, in protocol.Input) { n.order(protocol.Tell{To: f, In: in}) }
func (n *notices) tellAll(all []*protocol.Member, in protocol.Input) {
	n.order(protocol.TellAll{To: all, In: in})
}

// answer answers a call of the application; nil is no call.
func (n *notices) answer(call *protocol.Reply, err error) {
	if call != nil {
		n.order(protocol.Answer{Reply: call, Err: err})
	}
}

// closeSessions closes the sessions that a connect opened.
func (n *notices) closeSessions(in *Connected) {
	if in.Session != nil {
		n.order(CloseSession{in.Session})
	}
	for _, d := range in.OtherSessions {
		n.order(CloseSession{d.Session})
	}
}

// seatGranted tells the feature that its take brought seats.
func (n *notices) seatGranted(t *take, o transport.Outcome) {
	n.tell(t.member, &protocol.SeatGranted{
		Take: t.number, Connection: n.ref, Server: n.ref.Server(), Local: o.Local, Overdraft: o.Overdraft,
	})
}

// seatKept tells a feature that asks again for seats that it has: a restart of the connection lost the first answer.
func (n *notices) seatKept(o *protocol.TakeOrder) {
	n.tell(o.Member, &protocol.SeatGranted{Take: o.Take, Connection: n.ref, Server: n.ref.Server()})
}

// seatRefused tells the feature that the server's answer is final.
func (n *notices) seatRefused(t *take, reason messages.Reason, text string) {
	n.tell(t.member, &protocol.SeatRefused{Take: t.number, Server: n.ref.Server(), Reason: reason, Text: text})
}

// seatUnanswered tells the feature to ask the next server.
func (n *notices) seatUnanswered(t *take, reason messages.Reason, cause string, reached bool, retryAfter time.Duration) {
	n.tell(t.member, &protocol.SeatUnanswered{
		Take: t.number, Server: n.ref.Server(), Reason: reason, Cause: cause, Reached: reached, RetryAfter: retryAfter,
	})
}

// answeredBefore tells a feature to ask the next server, since it has had this one's answer at another address.
func (n *notices) answeredBefore(o *protocol.TakeOrder) {
	n.tell(o.Member, &protocol.SeatUnanswered{
		Take: o.Take, Server: n.ref.Server(), Reason: messages.Unanswered, Cause: "the server has answered before", Reached: true, Again: true,
	})
}

// unconfirmed tells features that the heartbeat of their lease was not answered. repliedSince says whether the server
// replied to anything since a round began.
func (n *notices) unconfirmed(waiting []confirmer, cause string, repliedSince func(began protocol.Instant) bool) {
	var all tellBatch
	var last protocol.SeatUnanswered
	for _, c := range waiting {
		in := protocol.SeatUnanswered{
			Take: c.take, Server: n.ref.Server(), Reason: messages.Unanswered, Cause: cause, Reached: repliedSince(c.began),
		}
		if in != last {
			all.next(&in)
			last = in
		}
		all.add(c.member)
	}
	n.tellEach(all)
}

// leasesEnded tells features that the server no longer has their lease. each reports the features and the reasons.
func (n *notices) leasesEnded(each func(report func(*protocol.Member, messages.Reason))) {
	var all tellBatch
	var last protocol.LeaseEnded
	each(func(f *protocol.Member, reason messages.Reason) {
		if in := (protocol.LeaseEnded{Connection: n.ref, Reason: reason}); in != last {
			all.next(&in)
			last = in
		}
		all.add(f)
	})
	n.tellEach(all)
}

func (n *notices) tellEach(all tellBatch) {
	for _, e := range all.all {
		n.order(e)
	}
}

// leasesUnknown tells features that the server does not know their lease.
func (n *notices) leasesUnknown(all ...*protocol.Member) {
	n.tellAll(all, &protocol.LeaseEnded{Connection: n.ref, Reason: messages.Unknown})
}

// serverBack tells features that the server answers again: those whose lease lives, and those that have none.
func (n *notices) serverBack(resumed, without []*protocol.Member) {
	n.tellAll(resumed, &protocol.LeaseResumed{Connection: n.ref})
	n.tellAll(without, &protocol.ServerRegained{Connection: n.ref})
}

// leaseTimedOut returns the message to features whose lease timed out.
func (n *notices) leaseTimedOut(clientTimeout time.Duration) *protocol.LeaseTimedOut {
	text := fmt.Sprintf("no heartbeat was acknowledged for %s, the client timeout is %s", riskAge(clientTimeout), clientTimeout)
	return &protocol.LeaseTimedOut{Connection: n.ref, Text: text}
}

// followed tells features that another server has taken the place of this one, and has no lease for them (rule 7).
func (n *notices) followed(moved []*protocol.Member, by *protocol.ConnectionRef) {
	n.tellAll(moved, &protocol.OriginReplaced{Connection: n.ref, By: by})
	n.tellAll(moved, &protocol.LeaseEnded{Connection: by, Reason: messages.Unknown})
}
