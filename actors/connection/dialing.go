package connection

import (
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/transport"
)

// dialing is the conversation about connects: when one is begun, and what its result means to everybody who waits for the
// server. It keeps nothing itself; see dialer and peer.
type dialing struct {
	set        *protocol.Settings
	ref        *protocol.ConnectionRef
	out        *notices
	peer       *peer
	dialer     *dialer
	throttle   *throttle
	schedule   *schedule
	checkouts  *checkouts
	heartbeats *heartbeats
	manual     *manual
	taking     *taking
	server     *server
}

// dial connects when something new waits for the server, and plans a retry when something old does.
func (d *dialing) dial(now protocol.Instant) {
	switch {
	case d.dialer.attempt != nil || d.peer.phase == identifying:
		return
	case !d.dialer.wanted:
		d.server.planRetry(now)
		return
	case d.peer.nowhere():
		d.dialer.rest()
		d.unreached(now, "the server is at none of the addresses any more", false)
		return
	case !d.throttle.allows(now, connectsAndBeats):
		d.dialer.waitUntil(d.throttle.server)
		d.unreached(now, "the server asked to wait", true)
		return
	}
	seq := d.server.next()
	d.dialer.begin(now, seq, d.peer.generation)
	d.server.unplan()
	d.checkouts.takes.startAll(now)
	timeout := d.set.ConnectTimeout
	if d.set.Automatic() {
		timeout = min(timeout, d.schedule.deadline())
	}
	d.out.order(Connect{Seq: seq, Addresses: d.peer.addresses, ServerID: d.peer.hello.Identity.ServerID, Timeout: timeout})
}

// connected takes the result of a connect.
func (d *dialing) connected(now protocol.Instant, in *Connected) {
	attempt := d.dialer.completed(in.Seq)
	if attempt == nil {
		d.out.closeSessions(in)
		return
	}
	dialled := protocol.Dialled{Address: in.Address, Session: in.Session, Hello: in.Hello}
	if d.peer.phase == unidentified {
		if in.Session == nil {
			d.connectFailed(now, attempt.began, in.Err)
			return
		}
		d.peer.identify()
		d.out.order(protocol.Identify{Connection: d.ref, Dialled: dialled})
		return
	}
	others := append(d.peer.takeOtherSessions(), in.OtherSessions...)
	d.server.handOver(others, in.Session == nil)
	switch {
	case in.Session != nil:
		d.server.use(now, dialled, attempt.generation)
	case len(others) > 0:
		d.dialer.rest() // the takes that wait here follow the features, see replaced
	default:
		d.connectFailed(now, attempt.began, in.Err)
	}
}

// connectFailed ends what waited for the session.
func (d *dialing) connectFailed(now, began protocol.Instant, err error) {
	refusal := transport.AsRefusal(err)
	if refusal != nil {
		d.server.noteReply(now)
		if refusal.RetryAfter > 0 {
			d.throttle.replace(connectsAndBeats, now.After(capRetryAfter(refusal.RetryAfter, d.peer.hello.ClientTimeout)))
		} else {
			d.taking.refuseFirst(now, refusal)
		}
	}
	d.unreached(now, err.Error(), refusal != nil)
	d.heartbeats.connectFailed(now, began, err)
	d.server.planRetry(now)
}

// unreached answers whoever waits for this server now and could ask another one, and the application's calls.
func (d *dialing) unreached(now protocol.Instant, cause string, replied bool) {
	d.heartbeats.unconfirmed(cause, replied)
	d.checkouts.returns.answerAll() // a checkin does not wait for a server that is away (rule 19)
	d.taking.unreached(now, cause)
	d.manual.unreached(cause)
}
