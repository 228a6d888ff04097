package server

import (
	"context"
	"encoding/hex"
	"log/slog"
	"sync"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// deed is what the audit tells of one decision.
type deed struct {
	kind      deedKind
	reason    messages.Reason
	overdrawn bool
	holder    Holder
	said      *labels // nil when the client has said nothing of itself
	feature   string
	version   messages.Version
	count     int
	used      int // seats of the feature, afterwards
	seats     int // that there are, without overdraft
	lease     messages.LeaseID
	message   string // of a denial
	heldBy    []heldBy
}

// deedKind is the kind of a deed.
type deedKind uint8

const (
	deedGrant deedKind = iota
	deedDenial
	deedCheckin
	deedExpiry
	deedRelease
)

var deedNames = [...]string{
	deedGrant: "grant", deedDenial: "denial", deedCheckin: "checkin", deedExpiry: "expiry", deedRelease: "release",
}

// endOf returns the kind of the end of a lease.
func endOf(reason messages.Reason) deedKind {
	switch reason {
	case messages.Expired, messages.FeatureExpired:
		return deedExpiry
	case messages.Revoked:
		return deedRelease
	default:
		return deedCheckin
	}
}

// note keeps a deed until the batch that it belongs to is durable.
func (b *book) note(c *client, index uint32, known bool, d deed) {
	d.holder, d.said = c.holder, c.labels.Load()
	if known {
		p := b.pools.all[index]
		d.feature, d.used = p.name, p.used
		if p.listed && len(p.live) > 0 {
			d.seats = p.live[0].seats
		}
	}
	b.deeds = append(b.deeds, d)
}

// noteTake keeps what came of a take: a grant or a denial.
func (b *book) noteTake(c *client, t take, o outcome) {
	index, p := b.pools.find(t.feature)
	d := deed{
		kind: deedDenial, reason: o.reason, message: o.message, version: t.version, count: t.count,
		overdrawn: o.overdrawn, lease: o.lease,
	}
	if o.result == granted {
		d.kind, d.version = deedGrant, o.version
	}
	if p == nil && t.fault == "" {
		d.feature = t.feature // within its bounds
	}
	if p != nil && o.reason == messages.NoSeats {
		d.heldBy = p.owners.some(b.clients)
	}
	b.note(c, index, p != nil, d)
}

// noteEnd keeps the end of a lease whose seats are free already.
func (b *book) noteEnd(c *client, number uint32, kind deedKind) {
	e := b.at(number)
	o := b.grantOf(number, e)
	b.note(c, e.pool, true, deed{
		kind: kind, reason: e.reason, version: o.version, count: int(e.count), overdrawn: o.overdrawn, lease: o.lease,
	})
}

const (
	// auditQueue is how many rounds the committer is ahead of the audit at most. Then it waits: nothing is left out.
	auditQueue = 16
	// auditGrace is what the audit still gets to write what is left when a Stop may wait no longer.
	auditGrace = time.Second
)

// audit writes deeds on a goroutine of its own.
type audit struct {
	log      *slog.Logger
	rounds   chan []deed
	spare    chan []deed   // emptied, for the committer
	ended    chan struct{} // closed when all is written, or nothing more will be
	givenUp  chan struct{} // closed when nobody waits for the handler any more
	giveOnce sync.Once
}

// newAudit begins the audit; close ends it. A nil log is no audit.
func newAudit(log *slog.Logger) *audit {
	if log == nil {
		return nil
	}
	a := &audit{
		log: log, rounds: make(chan []deed, auditQueue), spare: make(chan []deed, auditQueue),
		ended: make(chan struct{}), givenUp: make(chan struct{}),
	}
	go a.write()
	return a
}

// pass hands over the deeds of a round that is durable, and returns an empty slice for those of the next.
func (a *audit) pass(deeds []deed) []deed {
	if a == nil || len(deeds) == 0 {
		return deeds
	}
	select {
	case a.rounds <- deeds:
	case <-a.givenUp:
	}
	select {
	case empty := <-a.spare:
		return empty
	default:
		return nil
	}
}

// close says that nothing more will be passed.
func (a *audit) close() {
	if a != nil {
		close(a.rounds)
	}
}

// limit gives the audit up, a moment after ctx has ended, and with it what is not written by then.
func (a *audit) limit(ctx context.Context) {
	if a != nil {
		context.AfterFunc(ctx, func() {
			time.AfterFunc(auditGrace, func() { a.giveOnce.Do(func() { close(a.givenUp) }) })
		})
	}
}

// wait returns when all is written: true. When the audit was given up before, it is false.
func (a *audit) wait() (written bool) {
	if a == nil {
		return true
	}
	select {
	case <-a.ended:
		return true
	case <-a.givenUp:
		return false
	}
}

func (a *audit) write() {
	defer close(a.ended)
	for deeds := range a.rounds {
		for i := range deeds {
			select {
			case <-a.givenUp: // a handler that hung goes on: it is too late
				return
			default:
				a.writeOne(&deeds[i])
			}
		}
		clear(deeds) // lets go of the strings
		select {
		case a.spare <- deeds[:0]:
		default:
		}
	}
}

// writeOne survives a handler that panics: it is the host's.
func (a *audit) writeOne(d *deed) {
	defer func() { _ = recover() }()
	a.log.LogAttrs(context.Background(), slog.LevelInfo, deedNames[d.kind], d.attributes()...)
}

func (d *deed) attributes() []slog.Attr {
	all := make([]slog.Attr, 0, 16)
	all = append(all, slog.String("feature", d.feature), slog.String("version", d.version.String()), slog.Int("count", d.count))
	if d.lease != (messages.LeaseID{}) {
		all = append(all, slog.String("lease", hex.EncodeToString(d.lease[:])))
	}
	all = append(all, slog.String("identity", d.holder.Identity), slog.String("instance", hex.EncodeToString(d.holder.Instance[:])))
	if d.said != nil {
		all = append(all, slog.String("user", d.said.user), slog.String("host", d.said.host))
	}
	if d.reason != messages.NoReason {
		all = append(all, slog.String("reason", d.reason.String()))
	}
	if d.message != "" {
		all = append(all, slog.String("message", d.message))
	}
	all = append(all, slog.Int("used", d.used), slog.Int("seats", d.seats))
	if len(d.heldBy) > 0 {
		all = append(all, slog.Any("held_by", d.heldBy))
	}
	if d.overdrawn {
		all = append(all, slog.Bool("overdrawn", true))
	}
	return all
}
