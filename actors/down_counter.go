package actors

import (
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// downCounter is the machine that counts how often each server went down and came back within a sliding window, and says
// when that was too often: whoever restarts a server again and again can run more copies than it has seats.
//
// It decides at once, from memory. What other processes saw comes later, from the store, and corrects it.
type counter struct {
	set      *Settings
	base     time.Time // what instants of wall time count from
	servers  map[string]*counted
	tripped  bool
	storing  bool     // a merge is under way
	waiting  []string // ServerIDs to be merged, each once
	flushing *Reply   // the Close that waits until nothing is to be merged; nil: none
	wakeAt   Instant  // when the next outage leaves its window
}

// counted is what the counter knows of one server.
type counted struct {
	server     messages.Server
	connection *ConnectionRef // to show the count; nil: the server was not seen by this process
	record     messages.OutageRecord
	over       bool // more outages than allowed
}

// Inputs and effects of the down counter, beside serverSeen and wakeUp.
type (
	// storeMerged brings what all processes together know of a server, or why the store does not say.
	storeMerged struct {
		Message
		serverID string
		record   messages.OutageRecord
		err      error
	}
	// settle asks for an answer when the store has been told everything.
	flush struct {
		Message
		reply *Reply
	}
	// mergeStore has the store merge; it comes back as storeMerged.
	mergeStore struct {
		serverID string
		record   messages.OutageRecord
	}
	// goOn lets a connection recover its features.
	goOn struct{ connection *ConnectionRef }
	// stopAll ends every feature and refuses checkouts; nil lets them in again.
	stopAll struct{ err *messages.UnavailableError }
)

func (mergeStore) IsEffect() {}
func (goOn) IsEffect()       {}
func (stopAll) IsEffect()    {}

func newCounter(set *Settings, base time.Time, known map[string]messages.OutageRecord, now Instant) *counter {
	d := &counter{set: set, base: base, servers: make(map[string]*counted)}
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
func (d *counter) rebuilt(now Instant, storing bool) *counter {
	known := make(map[string]messages.OutageRecord, len(d.servers))
	for id, c := range d.servers {
		known[id] = c.record
	}
	n := newCounter(d.set, d.base, known, now)
	for id, c := range d.servers {
		n.servers[id].server, n.servers[id].connection, n.servers[id].over = c.server, c.connection, c.over
	}
	n.tripped, n.flushing, n.storing, n.waiting = d.tripped, d.flushing, storing, n.ids()
	return n
}

func (d *counter) wall(now Instant) time.Time { return d.base.Add(now.wall) }

func (d *counter) step(now Instant, in any) []Effect {
	var effects []Effect
	switch in := in.(type) {
	case *serverSeen:
		effects = d.seen(now, in)
	case *storeMerged:
		effects = d.merged(now, in)
	case *wakeUp:
		effects = d.review(now)
	case *flush:
		d.flushing = in.reply
	}
	effects = append(effects, d.storeNext()...)
	if d.flushing != nil && !d.storing {
		effects = append(effects, answer{d.flushing, nil})
		d.flushing = nil
	}
	return append(effects, wakeAt{d.wakeAt})
}

// seen counts, and decides before the connection lets its features recover.
func (d *counter) seen(now Instant, in *serverSeen) []Effect {
	id := in.identity.ServerID
	c := d.servers[id]
	if c == nil {
		c = new(counted)
		d.servers[id] = c
	}
	c.server, c.connection = in.connection.Server(), in.connection
	before := d.count(c)
	news := messages.OutageRecord{Last: in.identity}
	if o, ok := d.outage(now, c, in); ok {
		news.Outages = []messages.Outage{o}
	}
	c.record = Merge(c.record, news, d.wall(now), d.set.DownWindow)
	var effects []Effect
	if n := d.count(c); n > before {
		effects = append(effects, publish{messages.OutageCounted{
			Server: c.server, Count: n, Max: d.set.DownMax, Window: d.set.DownWindow,
		}})
	}
	effects = append(effects, d.review(now)...)
	if !slices.Contains(d.waiting, id) {
		d.waiting = append(d.waiting, id)
	}
	return append(effects, goOn{in.connection})
}

// outage returns the outage that an answer ends: failed beats, or another life than the one seen last, by whomever.
func (d *counter) outage(now Instant, c *counted, in *serverSeen) (messages.Outage, bool) {
	last := c.record.Last
	restart := last != (messages.Identity{}) && last.BootID != in.identity.BootID
	failed := in.downAt != (Instant{})
	if !restart && !failed {
		return messages.Outage{}, false
	}
	o := messages.Outage{BootID: in.identity.BootID, Restart: restart, Down: d.wall(now), Up: d.wall(now)}
	if failed {
		o.Down = d.wall(in.downAt)
	}
	return o, true
}

// count returns the outages of a server that count.
func (d *counter) count(c *counted) int {
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
func (d *counter) room(c *counted) time.Time {
	var ups []time.Time
	for _, o := range c.record.Outages {
		if o.Restart || !d.set.RestartsOnly {
			ups = append(ups, o.Up)
		}
	}
	return ups[len(ups)-d.set.DownMax-1].Add(d.set.DownWindow)
}

// review forgets what has left the window, and trips or restores.
func (d *counter) review(now Instant) []Effect {
	d.wakeAt = Instant{}
	var effects []Effect
	var worst *messages.UnavailableError
	for _, id := range d.ids() {
		c := d.servers[id]
		c.record = Merge(c.record, messages.OutageRecord{}, d.wall(now), d.set.DownWindow)
		was, n := c.over, d.count(c)
		c.show(n)
		if len(c.record.Outages) > 0 { // the first to leave the window
			leaves := c.record.Outages[0].Up.Add(d.set.DownWindow)
			d.wakeAt = sooner(d.wakeAt, now.after(max(leaves.Sub(d.wall(now)), time.Millisecond)))
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
			effects = append(effects, publish{messages.DownLimitExceeded(*err)})
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
func (d *counter) change(worst *messages.UnavailableError) []Effect {
	was := d.tripped
	d.tripped = worst != nil
	switch {
	case worst != nil:
		return []Effect{stopAll{worst}}
	case was:
		return []Effect{stopAll{nil}, publish{messages.AvailabilityRestored{}}}
	default:
		return nil
	}
}

// ids returns the servers in one order, so that one history always gives one sequence of events.
func (d *counter) ids() []string {
	ids := make([]string, 0, len(d.servers))
	for id := range d.servers {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// storeNext has the store merge what is known of the next server that waits for it; one merge at a time.
func (d *counter) storeNext() []Effect {
	if d.storing || len(d.waiting) == 0 {
		return nil
	}
	id := d.waiting[0]
	d.waiting, d.storing = d.waiting[1:], true
	return []Effect{mergeStore{serverID: id, record: d.servers[id].record}}
}

// merged takes what all processes together know.
func (d *counter) merged(now Instant, in *storeMerged) []Effect {
	d.storing = false
	if in.err != nil {
		return []Effect{warn{"the outage store failed; outages are counted in memory alone",
			[]any{"server", in.serverID, "error", in.err.Error()}}}
	}
	c := d.servers[in.serverID]
	c.record = Merge(c.record, in.record, d.wall(now), d.set.DownWindow)
	return d.review(now)
}
