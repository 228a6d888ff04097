package outage

import (
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// downCounter is the machine that counts how often each server went down and came back within a sliding window, and says
// when that was too often: whoever restarts a server again and again can run more copies than it has seats.
//
// It decides at once, from memory. What other processes saw comes later, from the store, and corrects it.
type Counter struct {
	set      *protocol.Settings
	base     time.Time // what instants of wall time count from
	servers  map[string]*counted
	tripped  bool
	storing  bool             // a merge is under way
	waiting  []string         // ServerIDs to be merged, each once
	flushing *protocol.Reply  // the Close that waits until nothing is to be merged; nil: none
	wakeAt   protocol.Instant // when the next outage leaves its window
}

// counted is what the counter knows of one server.
type counted struct {
	server     messages.Server
	connection *protocol.ConnectionRef // to show the count; nil: the server was not seen by this process
	record     messages.OutageRecord
	over       bool // more outages than allowed
}

// Inputs and effects of the down counter, beside serverSeen and wakeUp.
type (
	// StoreMerged brings what all processes together know of a server, or why the store does not say.
	StoreMerged struct {
		protocol.Message
		ServerID string
		Record   messages.OutageRecord
		Err      error
	}
	// settle asks for an answer when the store has been told everything.
	Flush struct {
		protocol.Message
		Reply *protocol.Reply
	}
	// MergeStore has the store merge; it comes back as storeMerged.
	MergeStore struct {
		ServerID string
		Record   messages.OutageRecord
	}
	// GoOn lets a connection recover its features.
	GoOn struct{ Connection *protocol.ConnectionRef }
	// StopAll ends every feature and refuses checkouts; nil lets them in again.
	StopAll struct{ Err *messages.UnavailableError }
)

func (MergeStore) IsEffect() {}
func (GoOn) IsEffect()       {}
func (StopAll) IsEffect()    {}

func NewCounter(set *protocol.Settings, base time.Time, known map[string]messages.OutageRecord, now protocol.Instant) *Counter {
	d := &Counter{set: set, base: base, servers: make(map[string]*counted)}
	for id, record := range known {
		d.servers[id] = &counted{
			server: messages.Server{ID: id},
			record: Merge(messages.OutageRecord{}, record, d.wall(now), set.DownWindow),
		}
	}
	return d
}

// reborn returns a machine with what the one that panicked has counted, of which each server's record is merged again.
// storing tells whether a merge is under way.
func (d *Counter) Rebuilt(now protocol.Instant, storing bool) *Counter {
	known := make(map[string]messages.OutageRecord, len(d.servers))
	for id, c := range d.servers {
		known[id] = c.record
	}
	n := NewCounter(d.set, d.base, known, now)
	for id, c := range d.servers {
		n.servers[id].server, n.servers[id].connection, n.servers[id].over = c.server, c.connection, c.over
	}
	n.tripped, n.flushing, n.storing, n.waiting = d.tripped, d.flushing, storing, n.ids()
	return n
}

func (d *Counter) wall(now protocol.Instant) time.Time { return d.base.Add(now.Wall) }

func (d *Counter) Step(now protocol.Instant, in any) []protocol.Effect {
	var effects []protocol.Effect
	switch in := in.(type) {
	case *protocol.ServerSeen:
		effects = d.seen(now, in)
	case *StoreMerged:
		effects = d.merged(now, in)
	case *protocol.WakeUp:
		effects = d.review(now)
	case *Flush:
		d.flushing = in.Reply
	}
	effects = append(effects, d.storeNext()...)
	if d.flushing != nil && !d.storing {
		effects = append(effects, protocol.Answer{Reply: d.flushing, Err: nil})
		d.flushing = nil
	}
	return append(effects, protocol.WakeAt{At: d.wakeAt})
}

// seen counts, and decides before the connection lets its features recover.
func (d *Counter) seen(now protocol.Instant, in *protocol.ServerSeen) []protocol.Effect {
	id := in.Identity.ServerID
	c := d.servers[id]
	if c == nil {
		c = new(counted)
		d.servers[id] = c
	}
	c.server, c.connection = in.Connection.Server(), in.Connection
	before := d.count(c)
	news := messages.OutageRecord{Last: in.Identity}
	if o, ok := d.outage(now, c, in); ok {
		news.Outages = []messages.Outage{o}
	}
	c.record = Merge(c.record, news, d.wall(now), d.set.DownWindow)
	var effects []protocol.Effect
	if n := d.count(c); n > before {
		effects = append(effects, protocol.Publish{Event: messages.OutageCounted{
			Server: c.server, Count: n, Max: d.set.DownMax, Window: d.set.DownWindow,
		}})
	}
	effects = append(effects, d.review(now)...)
	if !slices.Contains(d.waiting, id) {
		d.waiting = append(d.waiting, id)
	}
	return append(effects, GoOn{in.Connection})
}

// outage returns the outage that an answer ends: failed beats, or another life than the one seen last, by whomever.
func (d *Counter) outage(now protocol.Instant, c *counted, in *protocol.ServerSeen) (messages.Outage, bool) {
	last := c.record.Last
	restart := last != (messages.Identity{}) && last.BootID != in.Identity.BootID
	failed := in.DownAt != (protocol.Instant{})
	if !restart && !failed {
		return messages.Outage{}, false
	}
	o := messages.Outage{BootID: in.Identity.BootID, Restart: restart, Down: d.wall(now), Up: d.wall(now)}
	if failed {
		o.Down = d.wall(in.DownAt)
	}
	return o, true
}

// count returns the outages of a server that count.
func (d *Counter) count(c *counted) int {
	if !d.set.RestartsOnly {
		return len(c.record.Outages)
	}
	n := 0
	for _, o := range c.record.Outages {
		if o.Restart {
			n++
		}
	}
	return n
}

// room returns when the window of a server that is over has room again: when the outages past the limit have left it.
func (d *Counter) room(c *counted) time.Time {
	var ups []time.Time
	for _, o := range c.record.Outages {
		if o.Restart || !d.set.RestartsOnly {
			ups = append(ups, o.Up)
		}
	}
	return ups[len(ups)-d.set.DownMax-1].Add(d.set.DownWindow)
}

// review forgets what has left the window, and trips or restores.
func (d *Counter) review(now protocol.Instant) []protocol.Effect {
	d.wakeAt = protocol.Instant{}
	var effects []protocol.Effect
	var worst *messages.UnavailableError
	for _, id := range d.ids() {
		c := d.servers[id]
		c.record = Merge(c.record, messages.OutageRecord{}, d.wall(now), d.set.DownWindow)
		was, n := c.over, d.count(c)
		c.show(n)
		if len(c.record.Outages) > 0 { // the first to leave the window
			leaves := c.record.Outages[0].Up.Add(d.set.DownWindow)
			d.wakeAt = protocol.Sooner(d.wakeAt, now.After(max(leaves.Sub(d.wall(now)), time.Millisecond)))
		}
		if c.over = d.set.DownMax > 0 && n > d.set.DownMax; !c.over {
			continue
		}
		err := &messages.UnavailableError{
			Server: c.server, Count: n, Max: d.set.DownMax, Window: d.set.DownWindow, Until: d.room(c),
		}
		if worst == nil || err.Until.After(worst.Until) {
			worst = err
		}
		if !was {
			effects = append(effects, protocol.Publish{Event: messages.DownLimitExceeded(*err)})
		}
	}
	return append(d.change(worst), effects...)
}

// show publishes the count for Status.
func (c *counted) show(n int) {
	if c.connection != nil {
		c.connection.SetOutages(n)
	}
}

// change stops everything, keeps it stopped with a later end, or lets it go on. Licenses end before the event is told.
func (d *Counter) change(worst *messages.UnavailableError) []protocol.Effect {
	was := d.tripped
	d.tripped = worst != nil
	switch {
	case worst != nil:
		return []protocol.Effect{StopAll{worst}}
	case was:
		return []protocol.Effect{StopAll{nil}, protocol.Publish{Event: messages.AvailabilityRestored{}}}
	default:
		return nil
	}
}

// ids returns the servers in one order, so that one history always gives one sequence of events.
func (d *Counter) ids() []string {
	ids := make([]string, 0, len(d.servers))
	for id := range d.servers {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// storeNext has the store merge what is known of the next server that waits for it; one merge at a time.
func (d *Counter) storeNext() []protocol.Effect {
	if d.storing || len(d.waiting) == 0 {
		return nil
	}
	id := d.waiting[0]
	d.waiting, d.storing = d.waiting[1:], true
	return []protocol.Effect{MergeStore{ServerID: id, Record: d.servers[id].record}}
}

// merged takes what all processes together know.
func (d *Counter) merged(now protocol.Instant, in *StoreMerged) []protocol.Effect {
	d.storing = false
	if in.Err != nil {
		return []protocol.Effect{protocol.Warn{Text: "the outage store failed; outages are counted in memory alone",
			Args: []any{"server", in.ServerID, "error", in.Err.Error()}}}
	}
	c := d.servers[in.ServerID]
	c.record = Merge(c.record, in.Record, d.wall(now), d.set.DownWindow)
	return d.review(now)
}
