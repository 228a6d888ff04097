package server

import (
	"cmp"
	"container/list"
	"fmt"
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// pool is the seats of one feature, which may come from several blocks of different versions. It outlives the feature in
// the list for as long as the server runs, since leases name it.
//
// A lease counts at the version of the lowest block that serves it, and any seat of that version or a higher one will do
// for it. Whether all leases have their seats is then a question for each step alone: the leases that only blocks from
// this version on can serve must not be more than these blocks have. Such sets of blocks lie one inside the other, so
// that when each has enough all have. That holds as well for leases from before the list changed, whose version no
// block has any more.
type pool struct {
	name    string
	blocks  []Feature // as listed last
	listed  bool      // the feature is in the list
	share   Share     // of all blocks
	expired bool      // it is, and no block runs, but some have run out
	begun   int       // how many blocks have begun, as of the last tick
	alive   int       // how many of these run
	live    []step    // these blocks, added up, lowest version first
	wall    time.Time // of the last tick
	tally   tally

	used   int   // seats held; more than there are after a list with fewer seats came in
	uses   []use // the same by version, lowest first
	before []int // what was held at each step before a take was tried
	owners holdings

	line    list.List // of *place: who waits for seats, first come first
	stirred bool      // the line is to be served
	review  bool      // all of it: a group may have got seats that some of it share
}

// step is the blocks of one version and all higher ones.
type step struct {
	level            level
	seats, overdraft int
}

// use is the seats held by leases that count at one version.
type use struct {
	level level
	seats int
}

// list makes the blocks those of the feature.
func (p *pool) list(blocks []Feature, wall time.Time) {
	p.blocks, p.listed, p.begun = blocks, true, -1
	p.age(wall)
}

// age takes into force the blocks whose licence has begun by this time, and out of it those whose licence has run out.
func (p *pool) age(wall time.Time) {
	p.wall = wall
	begun, alive := 0, 0
	for i := range p.blocks {
		if b := &p.blocks[i]; b.Started(wall) {
			begun++
			if b.Active(wall) {
				alive++
			}
		}
	}
	if begun == p.begun && alive == p.alive { // time only goes on: nothing begun or ended
		return
	}
	p.begun, p.alive, p.expired, p.live, p.review = begun, alive, alive == 0 && begun > 0, p.live[:0], true
	for _, f := range p.blocks {
		if f.Active(wall) {
			p.live = append(p.live, step{levelOf(f.Version), f.Seats, f.Overdraft})
		}
	}
	p.addUp()
}

// addUp makes steps of blocks.
func (p *pool) addUp() {
	slices.SortStableFunc(p.live, func(a, b step) int { return cmp.Compare(a.level, b.level) })
	for i := len(p.live) - 2; i >= 0; i-- {
		p.live[i].seats += p.live[i+1].seats
		p.live[i].overdraft += p.live[i+1].overdraft
	}
	p.live = slices.CompactFunc(p.live, func(a, b step) bool { return a.level == b.level })
}

// serve returns the version at which the feature is served to who asks for one, or the reason why it is not.
func (p *pool) serve(version messages.Version, exact bool) (level, messages.Reason) {
	switch {
	case p == nil || !p.listed || p.begun == 0:
		return 0, messages.NoSuchFeature
	case p.expired:
		return 0, messages.FeatureExpired
	}
	want := levelOf(version)
	for _, s := range p.live {
		if s.level.serves(want, exact) {
			return s.level, messages.NoReason
		}
	}
	for _, f := range p.blocks { // one that runs would have been found
		if f.Started(p.wall) && levelOf(f.Version).serves(want, exact) {
			return 0, messages.FeatureExpired
		}
	}
	return 0, messages.VersionTooLow
}

// missing says what a client lacks that is refused for a reason of serve. Nothing of what it sent is in it.
func (p *pool) missing(reason messages.Reason) string {
	switch {
	case reason == messages.NoSuchFeature:
		return "no licence of the server has this feature"
	case reason == messages.VersionTooLow && len(p.live) > 0:
		return fmt.Sprintf("the highest version served is %s", p.live[len(p.live)-1].level.version())
	default:
		return "the licence has run out"
	}
}

// count adds seats to what is held at a version, or takes them off.
func (p *pool) count(l level, seats int) {
	p.used += seats
	i := 0
	for i < len(p.uses) && p.uses[i].level < l {
		i++
	}
	if i == len(p.uses) || p.uses[i].level != l {
		p.uses = slices.Insert(p.uses, i, use{level: l})
	}
	if p.uses[i].seats += seats; p.uses[i].seats == 0 && len(p.uses) > 1 {
		p.uses = slices.Delete(p.uses, i, i+1)
	}
}

// held goes through the steps with what is held at each: the seats that count above the step before it.
func (p *pool) held(yield func(s step, used int) bool) {
	used, u := p.used, 0
	for i, s := range p.live {
		for ; i > 0 && u < len(p.uses) && p.uses[u].level <= p.live[i-1].level; u++ {
			used -= p.uses[u].seats
		}
		if !yield(s, used) {
			return
		}
	}
}

// mark remembers what is held, to compare it with what is held after a change.
func (p *pool) mark() {
	p.before = p.before[:0]
	for _, used := range p.held {
		p.before = append(p.before, used)
	}
}

// short returns a step at which the change since mark took more seats than there are, with what was held before. Where
// it took none there is room, even when the list has fewer seats than are held.
func (p *pool) short() (s step, before int, found bool) {
	i := 0
	for s, used := range p.held {
		if used > s.seats+s.overdraft && used > p.before[i] {
			return s, p.before[i], true
		}
		i++
	}
	return step{}, 0, false
}

// raised reports whether the change since mark took any seats.
func (p *pool) raised() bool {
	i := 0
	for _, used := range p.held {
		if used > p.before[i] {
			return true
		}
		i++
	}
	return false
}

// most returns how many seats there are, held or not, for a lease that counts at a version.
func (p *pool) most(l level) int {
	for _, s := range p.live {
		if s.level >= l {
			return s.seats + s.overdraft
		}
	}
	return 0
}

// overdrawn returns how many seats are held past those that there are without overdraft.
func (p *pool) overdrawn() (past int) {
	for s, used := range p.held {
		past = max(past, used-s.seats)
	}
	return past
}

// overdrew reports whether a lease that counts at a version holds seats of an overdraft, or might as well.
func (p *pool) overdrew(l level) (yes bool) {
	for s, used := range p.held {
		if yes = used > s.seats; yes || s.level >= l {
			break
		}
	}
	return yes
}

// status adds up the blocks.
func (p *pool) status() FeatureStatus {
	blocks := p.blocks
	if p.alive > 0 {
		blocks = slices.DeleteFunc(slices.Clone(blocks), func(f Feature) bool { return !f.Active(p.wall) })
	}
	sum := Feature{Name: p.name, Share: p.share, Starts: p.starts()}
	for i, f := range blocks {
		if levelOf(f.Version) > levelOf(sum.Version) {
			sum.Version = f.Version
		}
		sum.Seats, sum.Overdraft = sum.Seats+f.Seats, sum.Overdraft+f.Overdraft
		if i == 0 || !sum.Expires.IsZero() && (f.Expires.IsZero() || sum.Expires.Before(f.Expires)) {
			sum.Expires = f.Expires
		}
	}
	return FeatureStatus{Feature: sum, Used: p.used, Overdrawn: p.overdrawn(), Listed: p.listed, Waiting: p.line.Len()}
}

// starts returns when the first block begins where none has, and else the zero time.
func (p *pool) starts() (first time.Time) {
	if p.begun > 0 || !p.listed {
		return first
	}
	for _, f := range p.blocks {
		if first.IsZero() || f.Starts.Before(first) {
			first = f.Starts
		}
	}
	return first
}
