package connection

import (
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// server handles the identity in every reply, and gives every call its number and session. A restart or another server
// in the place of this one is recognised here (rule 7).
type server struct {
	set       *protocol.Settings
	ref       *protocol.ConnectionRef
	out       *notices
	jitter    jitter
	peer      *peer
	dialer    *dialer
	throttle  *throttle
	gate      *outageGate
	beats     *beats
	checkouts *checkouts
	seq       uint64 // the number of the latest call
}

// next numbers a call.
func (s *server) next() uint64 {
	s.seq++
	return s.seq
}

// call returns what is kept of a call that is sent now: its session, its generation and its times. The call fails after
// timeout. After patience without an answer the session is doubted.
func (s *server) call(now protocol.Instant, timeout, patience time.Duration) call {
	return call{
		session: s.dialer.session, generation: s.peer.generation, began: now, until: now.After(timeout), patience: patience,
	}
}

// doubtAt returns when the session is to be doubted: a call on it is not answered, though earlier ones were. Its packets
// may vanish while those of a new connection would arrive, so that a connect is begun beside it. Zero: never.
func (s *server) doubtAt() protocol.Instant {
	d := s.dialer
	if d.session == nil || d.attempt != nil || !d.proven || s.peer.nowhere() {
		return protocol.Instant{}
	}
	at := protocol.Sooner(s.beats.doubtAt(d.session, d.heard), s.checkouts.doubtAt(d.session, d.heard))
	if at == (protocol.Instant{}) {
		return at
	}
	return protocol.Later(at, s.throttle.server)
}

// replyKind is the kind of reply to a call.
type replyKind uint8

const (
	// replyGood: the server did what it was asked.
	replyGood replyKind = iota
	// replyNone: there was no reply. The session is not used any more.
	replyNone
	// replyCut: there was no reply, because this connection cut the call short itself: it is sent again.
	replyCut
	// replyLater: refused with a retry-after, which the throttle has.
	replyLater
	// replyRefused: refused for good.
	replyRefused
	// replyStale: the reply is from an older generation, and means nothing.
	replyStale
	// replyOther: another server replied.
	replyOther
)

// received reads the reply to a Checkout or Checkin call.
func (s *server) received(now protocol.Instant, c call, reply transport.Hello, err error) (replyKind, transport.Hello) {
	hello, known := helloOf(reply, err)
	news := same
	if known {
		news = s.learn(now, hello, c.generation)
	}
	refusal := transport.AsRefusal(err)
	if err == nil || refusal != nil {
		s.dialer.answeredOver(c.session, now)
	}
	switch {
	case news == stale:
		return replyStale, hello
	case news == otherServer:
		return replyOther, hello
	case err == nil:
		s.answered(now, news == restarted)
		return replyGood, hello
	case refusal == nil && s.cutByUs(now, c):
		s.drop(c.session)
		return replyCut, hello
	case refusal == nil:
		s.drop(c.session)
		return replyNone, hello
	}
	s.noteReply(now)
	if refusal.RetryAfter <= 0 {
		return replyRefused, hello
	}
	s.throttle.hold(takesAndReturns, now.After(capRetryAfter(refusal.RetryAfter, s.peer.hello.ClientTimeout)))
	return replyLater, hello
}

// cutByUs reports whether a call was not answered because of this connection: it closed the session, or has begun a
// connect beside it, which makes the server let go of the session.
func (s *server) cutByUs(now protocol.Instant, c call) bool {
	return c.cut || s.dialer.beside() && s.dialer.session == c.session && !c.over(now)
}

// learn compares the identity in a reply with the one that is known. A restart is published, and the features must be
// recovered; when the server's ledger went back, it knows none of their leases (rule 7).
func (s *server) learn(now protocol.Instant, hello transport.Hello, generation uint64) verdict {
	s.ref.NoteReply(now.Mono) // any reply shows that a server was reached, even one of another server (rule 11)
	was, is := s.peer.hello.Identity, hello.Identity
	news := s.peer.observe(hello, generation)
	if news != restarted {
		return news
	}
	s.throttleFlapping(now)
	s.beats.restarted()
	s.gate.restarted()
	s.out.publish(messages.ServerRestarted{Server: s.ref.Server(), Old: was, New: is})
	if is.Epoch < was.Epoch {
		s.out.publish(messages.ServerReplaced{Server: s.ref.Server(), Old: was, New: is})
		s.out.leasesUnknown(s.checkouts.leases.dropAll()...)
	}
	return restarted
}

// throttleFlapping makes takes and returns wait when the server's identity or address changes with each of its replies.
func (s *server) throttleFlapping(now protocol.Instant) {
	if n := s.peer.excessFlaps(); n > 0 {
		s.throttle.hold(takesAndReturns, now.After(s.jitter.pause(n)))
	}
}

// answered notes a reply other than a refusal, from the generation that is known or from a new one: it ends the count of
// failed heartbeats, and an outage. Whether the leases live is still to be seen (rule 8).
func (s *server) answered(now protocol.Instant, afterRestart bool) {
	s.noteReply(now)
	if !afterRestart {
		s.peer.settled()
	}
	s.dialer.answered()
	s.up(now)
	s.beats.answered(s.checkouts.leases.beaten() > 0)
}

// up asks the outage counter to decide, when a reply may have ended an outage. Until the counter has decided, no seats
// are taken and no feature recovers.
func (s *server) up(now protocol.Instant) {
	if downAt, news := s.gate.up(); news && s.set.CountOutages {
		s.gate.ask(now, &protocol.ServerSeen{
			Connection: s.ref, Address: s.ref.Server().Address, Identity: s.peer.hello.Identity, DownAt: downAt,
		})
	}
}

// noteReply notes a reply of any kind.
func (s *server) noteReply(now protocol.Instant) {
	s.peer.noteReply(now)
	s.ref.NoteReply(now.Mono)
}

// confirmed goes on with the first session: the runtime says that this is the server's connection.
func (s *server) confirmed(now protocol.Instant, d protocol.Dialled) {
	if s.peer.phase == identified { // another connection was quicker to find an address of this server
		s.addressFound(now, d)
		return
	}
	s.peer.confirm(d)
	s.throttleFlapping(now)
	s.gate.restarted()
	s.checkouts.owe(now, d.Returns)
	s.wait(d.NotBefore)
	s.use(now, d, s.peer.generation)
}

// wait holds every call back until an instant: the server asked another connection for that, which met it in the place of
// its own server (rule 18).
func (s *server) wait(until protocol.Instant) {
	s.throttle.hold(connectsAndBeats, until)
	s.throttle.hold(takesAndReturns, until)
}

// addressFound goes on with the session that another connection opened to this server, at an address of its own. The
// new session supersedes the older one at the server. Calls under way over the older session fail for that reason, and
// are not counted as failures.
func (s *server) addressFound(now protocol.Instant, d protocol.Dialled) {
	if d.Session != nil && s.peer.phase != identified { // a panic lost the message that this is the server's connection
		s.confirmed(now, d)
		return
	}
	s.checkouts.owe(now, d.Returns)
	s.wait(d.NotBefore)
	if d.Session == nil {
		return
	}
	if !s.peer.isAt(d.Address) {
		s.gate.restarted() // outages are counted by the address, too
	}
	s.peer.addressFound(d.Flaps)
	s.throttleFlapping(now)
	s.use(now, d, generationUnknown)
}

// use goes on with a new session, whose connect began in the given generation. A connection that recovers beats first.
// When the server said at that connect that it is another incarnation, before the present identity was learnt or perhaps
// after, a connect of this connection finds out: until then nothing may be named to a ledger that may have gone back.
func (s *server) use(now protocol.Instant, d protocol.Dialled, generation uint64) {
	beside := s.dialer.session != nil && generation != generationUnknown
	if old := s.dialer.use(d.Session); old != nil {
		s.letGo(old, beside)
	}
	s.beats.cutCall(nil)
	s.noteReply(now)
	s.peer.reachedAt(d.Address)
	s.unplan()
	s.ref.SetServer(messages.Server{ID: d.Hello.Identity.ServerID, Address: d.Address})
	if s.learn(now, d.Hello, generation) == stale {
		s.drop(d.Session)
		s.dialer.retryNow()
		return
	}
	if s.gate.newBoot && s.beats.failed == 0 { // no heartbeat comes first: the counter decides before a take is sent
		s.up(now)
	}
	s.beats.connected()
}

// unplan removes the planned retry, since a session is opened now. A heartbeat that the server postponed stays planned.
func (s *server) unplan() {
	if !s.beats.isPostponed() {
		s.dialer.unplan()
	}
}

// drop closes a session over which a call was not answered. The other calls on it end because of that, and not because
// of the server: they are sent again.
func (s *server) drop(session transport.Session) {
	if s.dialer.abandon(session) {
		s.letGo(session, false)
		s.beats.cutCall(session)
	}
}

// letGo closes a session that is no longer used; what is under way on it is sent again. A session that was only doubted
// stays open until the calls on it have ended: a server that is slow may still answer them. A heartbeat on it ends now, since
// heartbeats must not overlap.
func (s *server) letGo(old transport.Session, doubted bool) {
	if s.checkouts.cutCalls(old, s.set.Automatic()) {
		s.dialer.retryNow()
	}
	if doubted && !s.beats.isOn(old) {
		s.close(s.dialer.retire(old))
		return
	}
	s.close(old)
}

func (s *server) close(session transport.Session) {
	if session != nil {
		s.out.order(CloseSession{session})
	}
}

// closeRetired closes the session that was doubted when no call is under way on it any more.
func (s *server) closeRetired() {
	if old := s.dialer.retired; old != nil && !s.checkouts.anyOn(old) {
		s.close(s.dialer.retire(nil))
	}
}

// otherReply is a reply of another server to a call of this connection.
type otherReply struct {
	session  transport.Session
	hello    transport.Hello
	executed []protocol.Return // what that server may have executed
	err      error             // nil, or its refusal
}

// otherReplied is called when a session turned out to lead to another server, which may have executed the given requests
// but knows nothing else of this connection. Before the features follow to it, the known server is looked for at its other
// addresses.
func (s *server) otherReplied(now protocol.Instant, r otherReply) {
	session := r.session
	d := protocol.Dialled{
		Address: s.ref.Server().Address, Session: session, Hello: r.hello, NotBefore: retryAfterOf(now, r.hello, r.err),
	}
	if !s.dialer.drop(session) {
		d.Session, d.Returns = nil, r.executed // the session was handed over before: only the requests are news
		s.out.order(protocol.OtherServerFound{Connection: s.ref, Dialled: d})
		return
	}
	s.peer.lost(d.Address)
	if s.peer.nowhere() {
		s.checkouts.returns.answerAll()
		s.dialer.rest() // the takes that wait here follow the features
		s.handOver([]protocol.Dialled{d}, true)
		return
	}
	s.peer.keep(d)
	s.dialer.retryNow()
}

// handOver gives sessions to other servers, found at this server's addresses, to the runtime. With move the features of
// this connection follow to the first of them.
func (s *server) handOver(others []protocol.Dialled, move bool) {
	was := s.peer.hello.Identity
	for i, d := range others {
		s.peer.lost(d.Address)
		d.Flaps, d.Returns = s.peer.flaps+1, s.checkouts.doubtful()
		is := d.Hello.Identity
		at := messages.Server{ID: is.ServerID, Address: d.Address}
		if move && i == 0 && !s.peer.announce(is.ServerID) {
			s.out.publish(messages.ServerRestarted{Server: at, Old: was, New: is})
		}
		s.out.publish(messages.ServerReplaced{Server: at, Old: was, New: is})
		s.out.order(protocol.OtherServerFound{Connection: s.ref, Dialled: d, Move: move && i == 0})
	}
}

// planRetry plans the next retry, if a recovery, a heartbeat that was cut short, a take or a return still needs the
// server.
func (s *server) planRetry(now protocol.Instant) {
	automatic := s.set.Automatic()
	recovery := s.beats.unsettled() && automatic && s.checkouts.leases.beaten() > 0
	if recovery || s.beats.wasCut() || s.checkouts.takes.repeated(automatic) || !s.checkouts.returns.empty() {
		s.dialer.plan(now, s.throttle.server)
	}
}

// restore goes on with the numbers of the machine that panicked: an answer to one of its calls is stale.
func (s *server) restore(old *server) { s.seq = old.seq }
