package transporttest

import (
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// defaultVersion is the version of a feature until SetVersion.
var defaultVersion = messages.V(9, 9)

// pool is the seats of one feature and the queue for them.
type pool struct {
	feature   string
	version   messages.Version
	seats     int
	overdraft int  // seats that may be granted beyond seats; such grants are marked
	used      int  // seats that leases hold
	foreign   int  // seats that Server.Take took for other clients
	local     bool // grants are local
	withdrawn bool // the feature is no longer served
	queue     queue
}

func newPool(feature string) *pool { return &pool{feature: feature, version: defaultVersion} }

// blank returns the pool with the same settings, all seats free and nobody in the queue.
func (p *pool) blank() *pool {
	blank := *p
	blank.used, blank.foreign, blank.queue = 0, 0, queue{}
	return &blank
}

// setSeats sets the number of seats and serves the feature again if it was withdrawn.
func (p *pool) setSeats(n int) { p.seats, p.withdrawn = n, false }

func (p *pool) setOverdraft(n int) { p.overdraft = n }

func (p *pool) setVersion(v messages.Version) { p.version = v }

func (p *pool) markLocal() { p.local = true }

func (p *pool) withdraw() { p.withdrawn = true }

// takeForeign takes up to n free seats for other clients and returns how many it took.
func (p *pool) takeForeign(n int) int {
	taken := max(0, min(n, p.seats-p.inUse()))
	p.foreign += taken
	return taken
}

// returnForeign returns up to n of the seats of other clients and returns how many these were.
func (p *pool) returnForeign(n int) int {
	returned := max(0, min(n, p.foreign))
	p.foreign -= returned
	return returned
}

// capacity returns how many seats may be in use, overdraft included.
func (p *pool) capacity() int { return p.seats + p.overdraft }

// inUse returns how many seats are in use.
func (p *pool) inUse() int { return p.used + p.foreign }

// hold takes seats for a lease and reports whether the lease is overdraft.
func (p *pool) hold(count int) (overdraft bool) {
	p.used += count
	return p.inUse() > p.seats
}

// release frees the seats of a lease.
func (p *pool) release(count int) { p.used -= count }

// refusal returns why the pool cannot serve a take whichever seats are returned, or NoReason. A nil pool is a feature
// that the server has never had.
func (p *pool) refusal(t *transport.Take) messages.Reason {
	switch {
	case p == nil || p.withdrawn:
		return messages.NoSuchFeature
	case !p.version.Serves(t.Version, t.Exact):
		return messages.VersionTooLow
	case t.Count > p.capacity():
		return messages.NoSeats
	default:
		return messages.NoReason
	}
}

// fits reports whether enough seats are free for a take that frees so many seats by what it replaces.
func (p *pool) fits(count, freed int) bool { return p.inUse()-freed+count <= p.capacity() }

// mustQueue reports whether a take may not have free seats because others wait for them. A take that frees as many
// seats as it takes skips the queue.
func (p *pool) mustQueue(count, freed int) bool { return p.queue.len() > 0 && freed < count }
