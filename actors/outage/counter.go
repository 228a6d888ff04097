package outage

import (
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// Counter is the machine of the outage actor. Its methods are not safe for concurrent use; the actor calls them.
type Counter struct {
	set      *protocol.Settings
	base     time.Time          // the wall clock when the runtime started; instants count from it
	servers  map[string]*server // by ServerID
	tripped  bool               // licenses are refused, since a server is past its limit
	storing  bool               // the store is merging
	unstored []string           // ServerIDs whose records are to be merged into the store, each once
	flushed  *protocol.Reply    // the Close that waits until the store has everything; nil: none does
	wakeAt   protocol.Instant   // when the next outage leaves its window
}

// Inputs and effects that only the outage actor uses. The others are in package protocol.
type (
	// StoreMerged is the result of MergeStore: what all processes together know of a server, or the store's error.
	StoreMerged struct {
		protocol.Message
		ServerID string
		Record   messages.OutageRecord
		Err      error
	}
	// Flush asks for an answer as soon as the store has everything.
	Flush struct {
		protocol.Message
		Reply *protocol.Reply
	}
	// MergeStore has the store merge the record of one server. The result is StoreMerged.
	MergeStore struct {
		ServerID string
		Record   messages.OutageRecord
	}
	// StopAll ends every license and refuses checkouts with the error. Without an error checkouts are let in again.
	StopAll struct{ Err *messages.UnavailableError }
)

// IsEffect makes MergeStore an Effect.
func (MergeStore) IsEffect() {}

// IsEffect makes StopAll an Effect.
func (StopAll) IsEffect() {}

// NewCounter returns a counter that knows what the store had. base is the wall clock when the runtime started.
func NewCounter(set *protocol.Settings, base time.Time, known map[string]messages.OutageRecord, now protocol.Instant) *Counter {
	d := &Counter{set: set, base: base, servers: make(map[string]*server)}
	for id, record := range known {
		s := &server{set: set, name: messages.Server{ID: id}}
		s.merge(record, d.wall(now))
		d.servers[id] = s
	}
	return d
}

// Rebuilt returns the counter that goes on after d has panicked. It keeps what d has counted, and has the store merge all
// of it again. storing says whether the store is merging at this moment.
func (d *Counter) Rebuilt(now protocol.Instant, storing bool) *Counter {
	n := &Counter{set: d.set, base: d.base, servers: make(map[string]*server)}
	for id, s := range d.servers {
		kept := *s
		kept.merge(messages.OutageRecord{}, d.wall(now))
		n.servers[id] = &kept
	}
	n.tripped, n.flushed, n.storing, n.unstored = d.tripped, d.flushed, storing, n.ids()
	return n
}

// wall converts an instant to wall time.
func (d *Counter) wall(at protocol.Instant) time.Time { return d.base.Add(at.Wall) }

// Step handles one input and returns the effects to perform, in order.
func (d *Counter) Step(now protocol.Instant, in protocol.Input) []protocol.Effect {
	var effects []protocol.Effect
	switch in := in.(type) {
	case *protocol.ServerSeen:
		effects = d.seen(now, in)
	case *StoreMerged:
		effects = d.merged(now, in)
	case *protocol.WakeUp:
		effects = d.review(now)
	case *Flush:
		d.flushed = in.Reply
	}
	effects = append(effects, d.storeNext()...)
	if d.flushed != nil && !d.storing {
		effects = append(effects, protocol.Answer{Reply: d.flushed})
		d.flushed = nil
	}
	return append(effects, protocol.WakeAt{At: d.wakeAt})
}

// seen counts the outage that a server's answer ended, and decides before the connection lets its features recover.
func (d *Counter) seen(now protocol.Instant, in *protocol.ServerSeen) []protocol.Effect {
	id := in.Identity.ServerID
	s := d.servers[id]
	if s == nil {
		s = &server{set: d.set}
		d.servers[id] = s
	}
	before := s.count()
	var downAt time.Time
	if in.DownAt != (protocol.Instant{}) {
		downAt = d.wall(in.DownAt)
	}
	s.seen(in, downAt, d.wall(now))
	var effects []protocol.Effect
	if n := s.count(); n > before {
		effects = append(effects, protocol.Publish{Event: messages.OutageCounted{
			Server: s.name, Count: n, Max: d.set.DownMax, Window: d.set.DownWindow,
		}})
	}
	effects = append(effects, d.review(now)...)
	if !slices.Contains(d.unstored, id) {
		d.unstored = append(d.unstored, id)
	}
	return append(effects, protocol.Forward{To: in.Connection, In: &protocol.OutageDecided{}})
}

// review drops the outages that have left the window, and stops all licenses or lets checkouts in again.
func (d *Counter) review(now protocol.Instant) []protocol.Effect {
	d.wakeAt = protocol.Instant{}
	var effects []protocol.Effect
	var worst *messages.UnavailableError
	for _, id := range d.ids() {
		s := d.servers[id]
		s.merge(messages.OutageRecord{}, d.wall(now))
		if leaves := s.nextLeaves(); !leaves.IsZero() {
			d.wakeAt = protocol.Sooner(d.wakeAt, now.After(max(leaves.Sub(d.wall(now)), time.Millisecond)))
		}
		err, fresh := s.review()
		if err != nil && (worst == nil || err.Until.After(worst.Until)) {
			worst = err
		}
		if fresh {
			effects = append(effects, protocol.Publish{Event: messages.DownLimitExceeded(*err)})
		}
	}
	return append(d.change(worst), effects...)
}

// change stops all licenses, keeps them stopped with a new end, or lets checkouts in again. worst is the error of the
// server whose window has room last; nil when no server is past its limit. Licenses end before the event is published.
func (d *Counter) change(worst *messages.UnavailableError) []protocol.Effect {
	before := d.tripped
	d.tripped = worst != nil
	switch {
	case worst != nil:
		return []protocol.Effect{StopAll{worst}}
	case before:
		return []protocol.Effect{StopAll{}, protocol.Publish{Event: messages.AvailabilityRestored{}}}
	default:
		return nil
	}
}

// ids returns the ServerIDs in a fixed order, so that the same history always gives the same events.
func (d *Counter) ids() []string {
	ids := make([]string, 0, len(d.servers))
	for id := range d.servers {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// storeNext has the store merge the next record. There is one merge at a time.
func (d *Counter) storeNext() []protocol.Effect {
	if d.storing || len(d.unstored) == 0 {
		return nil
	}
	id := d.unstored[0]
	d.unstored, d.storing = d.unstored[1:], true
	return []protocol.Effect{MergeStore{ServerID: id, Record: d.servers[id].record}}
}

// merged takes over what all processes together know of a server.
func (d *Counter) merged(now protocol.Instant, in *StoreMerged) []protocol.Effect {
	d.storing = false
	if in.Err != nil {
		return []protocol.Effect{protocol.Warn{
			Text: "the outage store failed; outages are counted in memory alone",
			Args: []any{"server", in.ServerID, "error", in.Err.Error()},
		}}
	}
	d.servers[in.ServerID].merge(in.Record, d.wall(now))
	return d.review(now)
}
