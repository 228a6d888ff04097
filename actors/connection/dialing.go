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
	checkouts  *checkouts
	heartbeats *heartbeats
	manual     *manual
	taking     *taking
	server     *server
}

// dial connects when the dialer wants a connect. Otherwise it plans a retry for what is repeated until the server
// answers.
func (d *dialing) dial(now protocol.Instant) {
	switch {
	case d.dialer.attempt != nil || d.peer.phase == identifying:
		return
	case !d.dialer.wanted:
		d.server.planRetry(now)
		return
	case d.peer.nowhere():
		d.dialer.rest()
		d.unreached(now, waitEnded{cause: "the server is at none of the addresses any more", decided: true})
		return
	case !d.throttle.allows(now, connectsAndBeats):
		d.dialer.waitUntil(d.throttle.server)
		d.unreached(now, waitEnded{cause: "the server asked to wait", replied: true, decided: true})
		return
	}
	d.server.unplan()
	d.checkouts.takes.startAll(now)
	d.connect(now)
}

// doubt connects beside the session in use, if that is to be doubted. The session goes on until the connect has succeeded.
func (d *dialing) doubt(now protocol.Instant) {
	if protocol.Passed(now, d.server.doubtAt()) {
		d.connect(now)
	}
}

func (d *dialing) connect(now protocol.Instant) {
	seq := d.server.next()
	d.dialer.begin(now, seq, d.peer.generation)
	d.out.order(Connect{
		Seq: seq, Addresses: d.peer.addresses, ServerID: d.peer.hello.Identity.ServerID, Timeout: d.set.ConnectTimeout,
	})
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
			d.connectFailed(now, attempt, in.Err)
			return
		}
		d.peer.identify()
		d.out.order(protocol.Identify{Connection: d.ref, Dialled: dialled})
		return
	}
	others := append(d.peer.takeOtherSessions(), in.OtherSessions...)
	if d.dialer.session != nil && d.peer.replacedBy(others) {
		d.server.drop(d.dialer.session) // the features follow, see replaced
	}
	beside := d.dialer.session != nil
	d.server.handOver(others, in.Session == nil && !beside)
	switch {
	case in.Session != nil:
		d.server.use(now, dialled, attempt.generation)
	case beside:
		d.refused(now, attempt.generation, transport.AsRefusal(in.Err)) // the calls on the session have the rest of their time
	case len(others) > 0:
		d.dialer.rest() // the takes that wait here follow the features, see replaced
	default:
		d.connectFailed(now, attempt, in.Err)
	}
}

// connectFailed ends what waited for the session.
func (d *dialing) connectFailed(now protocol.Instant, attempt *attempt, err error) {
	refusal := transport.AsRefusal(err)
	d.refused(now, attempt.generation, refusal)
	if refusal != nil && refusal.RetryAfter <= 0 {
		d.taking.refuseFirst(now, refusal)
	}
	d.unreached(now, waitEnded{cause: err.Error(), began: attempt.began, replied: refusal != nil, decided: refusal != nil})
	d.heartbeats.connectFailed(now, attempt.began, err)
	d.server.planRetry(now)
}

// refused notes that the server refused a connect, which was begun in the given generation; nil is no refusal. A restart
// shows in a refusal, too (rule 7).
func (d *dialing) refused(now protocol.Instant, generation uint64, refusal *transport.Refusal) {
	if refusal == nil {
		return
	}
	d.server.noteReply(now)
	if d.peer.phase == identified && refusal.Hello.Identity.Valid() && d.peer.isKnown(refusal.Hello.Identity.ServerID) {
		d.server.learn(now, refusal.Hello, generation)
	}
	if refusal.RetryAfter > 0 {
		d.throttle.replace(connectsAndBeats, now.After(capRetryAfter(refusal.RetryAfter, d.peer.hello.ClientTimeout)))
	}
}

// unreached ends the waits for this server: of features that could ask another one, of returns, and of the
// application's calls.
func (d *dialing) unreached(now protocol.Instant, w waitEnded) {
	d.heartbeats.unconfirmed(w.cause, w.replied)
	d.checkouts.returns.answerAll() // a checkin does not wait for a server that is away (rule 19)
	d.taking.unreached(now, w)
	d.manual.unreached(w)
}
