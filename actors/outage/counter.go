package outage

import (
	"slices"
	"strings"
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// Counter is the machine of the outage actor. Its methods are not safe for concurrent use; the actor calls them.
type Counter struct {
	set      *protocol.Settings
	base     time.Time          // the wall clock when the runtime started; instants count from it
	servers  map[string]*server // by ServerID, and by addressKey
	tripped  bool               // licenses are refused, since a server is past its limit
	storing  bool               // the store is merging
	unstored []string           // keys of the servers whose records are to be merged into the store, each once
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
		s := &server{set: set, name: nameOf(id)}
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

// addressKey is the key of what is counted at an address, whatever server answers there. A ServerID does not begin with @.
func addressKey(a messages.Address) string { return addressMark + string(a) }

const addressMark = "@"

// nameOf returns the server that a key of the store is about, as far as the key tells.
func nameOf(key string) messages.Server {
	if address, ok := strings.CutPrefix(key, addressMark); ok {
		return messages.Server{Address: messages.Address(address)}
	}
	return messages.Server{ID: key}
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

// seen counts the outage that a server's answer ended, and decides before the connection lets its features recover. The
// outage is counted for the server and for the address: a server that forgets its ledger, or has another ServerID each
// time, is the same one at the same address.
func (d *Counter) seen(now protocol.Instant, in *protocol.ServerSeen) []protocol.Effect {
	keys := []string{in.Identity.ServerID}
	if in.Address != "" {
		keys = append(keys, addressKey(in.Address))
	}
	before := d.highest(in.Connection, keys...)
	for _, key := range keys {
		d.seenAs(key, now, in)
	}
	var effects []protocol.Effect
	if n := d.highest(in.Connection, keys...); n > before {
		effects = append(effects, protocol.Publish{Event: messages.OutageCounted{
			Server: d.servers[keys[0]].name, Count: n, Max: d.set.DownMax, Window: d.set.DownWindow,
		}})
	}
	effects = append(effects, d.review(now)...)
	return append(effects, protocol.Forward{To: in.Connection, In: &protocol.OutageDecided{Exceeded: d.tripped}})
}

// seenAs adds what a connection saw to the record with a key, which the store is to merge. A key that is too long for the
// store counts in memory alone.
func (d *Counter) seenAs(key string, now protocol.Instant, in *protocol.ServerSeen) {
	s := d.servers[key]
	if s == nil {
		s = &server{set: d.set}
		d.servers[key] = s
	}
	var downAt time.Time
	if in.DownAt != (protocol.Instant{}) {
		downAt = d.wall(in.DownAt)
	}
	s.seen(in, downAt, d.wall(now))
	if len(key) <= messages.MaxServerID && !slices.Contains(d.unstored, key) {
		d.unstored = append(d.unstored, key)
	}
}

// highest returns the highest count under some keys, and of the addresses of a connection.
func (d *Counter) highest(connection *protocol.ConnectionRef, keys ...string) (most int) {
	for key, s := range d.servers {
		if s.connection == connection || slices.Contains(keys, key) {
			most = max(most, s.count())
		}
	}
	return most
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
		d.show(s)
		if err != nil && (worst == nil || err.Until.After(worst.Until)) {
			worst = err
		}
		if fresh && !d.publishedFor(id) {
			effects = append(effects, protocol.Publish{Event: messages.DownLimitExceeded(*err)})
		}
	}
	return append(d.change(worst), effects...)
}

// show shows the count for Status: of a server and its addresses the highest one.
func (d *Counter) show(s *server) {
	if s.connection == nil {
		return
	}
	s.connection.SetOutages(d.highest(s.connection))
}

// publishedFor reports whether a key is that of an address, and the server that answered there last is past its own limit:
// its event says enough.
func (d *Counter) publishedFor(key string) bool {
	s := d.servers[d.servers[key].record.Last.ServerID]
	return strings.HasPrefix(key, addressMark) && s != nil && s.exceeded
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

// ids returns the keys of all servers in a fixed order, so that the same history always gives the same events: first the
// ServerIDs, then the addresses.
func (d *Counter) ids() []string {
	ids := make([]string, 0, len(d.servers))
	for id := range d.servers {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	isAddress := func(key string) bool { return strings.HasPrefix(key, addressMark) }
	return append(slices.DeleteFunc(slices.Clone(ids), isAddress), slices.DeleteFunc(ids, func(key string) bool { return !isAddress(key) })...)
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
