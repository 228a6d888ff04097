package transporttest

import (
	"fmt"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// process is a server process as clients see it: its identity, whether it is reachable, and its sessions. The lock of
// its server guards it.
type process struct {
	name      string // the first ServerID
	identity  messages.Identity
	boots     int // starts of the process, over all ServerIDs
	serverIDs int // so far
	down      bool

	sessions map[[16]byte]uint64 // the latest session of each client instance; a restart forgets them

	lost    losses
	changed chan struct{} // closed when something under way may have been lost; nil while nobody watches
}

// losses counts the events that lose what is under way. A call under way compares the counts with those when it was
// sent.
type losses struct {
	requests uint64
	replies  uint64
}

func newProcess(name string) process {
	p := process{name: name, serverIDs: 1, identity: messages.Identity{ServerID: name}}
	p.restart()
	return p
}

// restart starts the process again, with the next epoch. Requests under way are lost.
func (p *process) restart() {
	p.boots++
	p.identity.Epoch++
	p.identity.BootID = fmt.Sprintf("%s-boot-%d", p.name, p.boots)
	p.sessions = map[[16]byte]uint64{}
	p.down = false
	p.lost.requests++
	p.wake()
}

// replace starts a process with another ServerID, in its first epoch.
func (p *process) replace() {
	p.serverIDs++
	p.identity.ServerID = fmt.Sprintf("%s.%d", p.name, p.serverIDs)
	p.identity.Epoch = 0
	p.restart()
}

// rollBack starts the process again with an epoch lower by one, at least 0.
func (p *process) rollBack() {
	older := max(1, p.identity.Epoch) - 1
	p.restart()
	p.identity.Epoch = older
}

// goDown makes the process unreachable. Requests and replies under way are lost.
func (p *process) goDown() {
	p.down = true
	p.lost.replies++
	p.lost.requests++
	p.wake()
}

func (p *process) comeUp() { p.down = false }

// watch returns a channel that is closed when something under way may have been lost.
func (p *process) watch() <-chan struct{} {
	if p.changed == nil {
		p.changed = make(chan struct{})
	}
	return p.changed
}

// wake makes everybody who watches look whether their call was lost.
func (p *process) wake() {
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}

// superseded reports whether the client instance has used a later session in this process.
func (p *process) superseded(instance [16]byte, session uint64) bool {
	return session < p.sessions[instance]
}

// admit notes that the client instance uses the session, and reports whether it is a session that the process had not
// met. Such a session is taken as the latest: the process may have restarted since it was opened.
func (p *process) admit(instance [16]byte, session uint64) (unknown bool) {
	unknown = p.sessions[instance] != session
	p.sessions[instance] = session
	return unknown
}

// hello returns what every reply reports about the process.
func (p *process) hello(clientTimeout int64) transport.Hello {
	return transport.Hello{Identity: p.identity, ClientTimeout: time.Duration(clientTimeout)}
}
