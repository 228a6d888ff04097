package server

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
)

const (
	// auditQueue is how many rounds the committer may be ahead of the audit. Beyond that the committer waits, so that
	// no record is lost.
	auditQueue = 16
	// auditGrace is how long the audit may still write the remaining records after the context of Stop has ended.
	auditGrace = time.Second
)

// errAuditAbandoned is the error of a Stop that gave up a hanging handler of the host.
var errAuditAbandoned = errors.New("the audit was given up: its handler hangs, and records of it are missing")

// auditWriter writes audit records on a goroutine of its own. A nil writer writes nothing. It is an [engine.Audit].
type auditWriter struct {
	log       *slog.Logger
	rounds    chan []seats.AuditRecord
	spare     chan []seats.AuditRecord // emptied slices, for the committer
	ended     chan struct{}            // closed when all records are written, or no more will be
	abandoned chan struct{}            // closed when Stop no longer waits for the handler
	abandon   sync.Once
}

// newAuditWriter starts a writer; Close ends it. Without a log it returns nil.
func newAuditWriter(log *slog.Logger) *auditWriter {
	if log == nil {
		return nil
	}
	a := &auditWriter{
		log: log, rounds: make(chan []seats.AuditRecord, auditQueue), spare: make(chan []seats.AuditRecord, auditQueue),
		ended: make(chan struct{}), abandoned: make(chan struct{}),
	}
	go a.write()
	return a
}

// Pass takes the records of a durable round, and returns an empty slice for the records of the next round.
func (a *auditWriter) Pass(records []seats.AuditRecord) []seats.AuditRecord {
	if a == nil || len(records) == 0 {
		return records
	}
	select {
	case a.rounds <- records:
	case <-a.abandoned:
	}
	select {
	case empty := <-a.spare:
		return empty
	default:
		return nil
	}
}

// Close is called when no more records follow.
func (a *auditWriter) Close() {
	if a != nil {
		close(a.rounds)
	}
}

// limit abandons the writer auditGrace after ctx has ended, and with it the records that are not written.
func (a *auditWriter) limit(ctx context.Context) {
	if a != nil {
		context.AfterFunc(ctx, func() {
			time.AfterFunc(auditGrace, func() { a.abandon.Do(func() { close(a.abandoned) }) })
		})
	}
}

// wait blocks until all records are written and returns true, or until the writer is abandoned and returns false.
func (a *auditWriter) wait() (written bool) {
	if a == nil {
		return true
	}
	select {
	case <-a.ended:
		return true
	case <-a.abandoned:
		return false
	}
}

func (a *auditWriter) write() {
	defer close(a.ended)
	for records := range a.rounds {
		for i := range records {
			select {
			case <-a.abandoned: // the handler returned too late
				return
			default:
				a.writeOne(&records[i])
			}
		}
		clear(records) // frees the strings
		select {
		case a.spare <- records[:0]:
		default:
		}
	}
}

// writeOne writes a record. It recovers a panic of the handler, which is host code.
func (a *auditWriter) writeOne(r *seats.AuditRecord) {
	defer func() { _ = recover() }()
	a.log.LogAttrs(context.Background(), slog.LevelInfo, r.Kind.String(), auditAttrs(r)...)
}

func auditAttrs(r *seats.AuditRecord) []slog.Attr {
	all := make([]slog.Attr, 0, 16)
	all = append(all, slog.String("feature", r.Feature), slog.String("version", r.Version.String()), slog.Int("count", r.Count))
	if r.Lease != (messages.LeaseID{}) {
		all = append(all, slog.String("lease", hex.EncodeToString(r.Lease[:])))
	}
	all = append(all, slog.String("identity", r.Holder.Identity), slog.String("instance", hex.EncodeToString(r.Holder.Instance[:])))
	if r.Info != nil {
		all = append(all, slog.String("user", r.Info.User), slog.String("host", r.Info.Host))
	}
	if r.Reason != messages.NoReason {
		all = append(all, slog.String("reason", r.Reason.String()))
	}
	if r.Message != "" {
		all = append(all, slog.String("message", r.Message))
	}
	all = append(all, slog.Int("used", r.Used), slog.Int("seats", r.Seats))
	if len(r.HeldBy) > 0 {
		all = append(all, slog.Any("held_by", r.HeldBy))
	}
	if r.Overdrawn {
		all = append(all, slog.Bool("overdrawn", true))
	}
	return all
}
