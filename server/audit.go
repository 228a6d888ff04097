package server

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
)

const (
	// auditQueue is how many records wait for the handler at most, and auditRounds in how many rounds. What comes then is
	// lost: decisions do not wait for the handler.
	auditQueue  = 1 << 16
	auditRounds = 1 << 12
	// auditRetry is how often a handler that failed is tried again.
	auditRetry = time.Second
	// auditLost is the message of the record that says how many records are missing before it.
	auditLost = "lost"
)

// errAuditAbandoned is the error of a Stop that gave up a hanging handler of the host.
var errAuditAbandoned = errors.New("the audit was given up: its handler hangs, and records of it are missing")

// auditWriter writes audit records on a goroutine of its own. A nil writer writes nothing. It is an [engine.Audit].
type auditWriter struct {
	handler   slog.Handler
	required  bool         // no seats are granted while records are lost
	faults    *slog.Logger // for what becomes of the audit itself
	rounds    chan []seats.AuditRecord
	queued    atomic.Int64             // records in rounds
	spare     chan []seats.AuditRecord // emptied slices, for the committer
	ended     chan struct{}            // closed when all records are written, or no more will be
	abandoned chan struct{}            // closed when Stop no longer waits for the handler
	abandon   sync.Once

	failing  atomic.Bool  // a record was lost, and none was written since
	lost     atomic.Int64 // records, since the start
	reported int64        // of them in records "lost"; the writer's goroutine owns it
}

// newAuditWriter starts a writer; Close ends it. Without a log it returns nil.
func newAuditWriter(log *slog.Logger, required bool, faults *slog.Logger) *auditWriter {
	if log == nil {
		return nil
	}
	a := &auditWriter{
		handler: log.Handler(), required: required, faults: faults,
		rounds: make(chan []seats.AuditRecord, auditRounds), spare: make(chan []seats.AuditRecord, 16),
		ended: make(chan struct{}), abandoned: make(chan struct{}),
	}
	go a.run()
	return a
}

// Pass takes the records of a durable round, and returns an empty slice for those of the next. It does not block.
func (a *auditWriter) Pass(records []seats.AuditRecord) []seats.AuditRecord {
	if a == nil || len(records) == 0 {
		return records
	}
	if n := int64(len(records)); a.queued.Add(n) > auditQueue || !a.push(records) {
		a.queued.Add(-n)
		a.lose(n, errors.New("its handler is too slow"))
		clear(records)
		return records[:0]
	}
	select {
	case empty := <-a.spare:
		return empty
	default:
		return nil
	}
}

func (a *auditWriter) push(records []seats.AuditRecord) bool {
	select {
	case a.rounds <- records:
		return true
	default:
		return false
	}
}

// Refuses reports that no seats may be granted now: the audit is required, and it fails or is half a queue behind.
func (a *auditWriter) Refuses() bool {
	return a.required && (a.failing.Load() || a.queued.Load() > auditQueue/2)
}

// Close says that no more records come.
func (a *auditWriter) Close() {
	if a != nil {
		close(a.rounds)
	}
}

// lostRecords returns how many records were lost since the start.
func (a *auditWriter) lostRecords() int64 {
	if a == nil {
		return 0
	}
	return a.lost.Load()
}

// lose counts records that are lost, and tells the log about the first.
func (a *auditWriter) lose(n int64, err error) {
	a.lost.Add(n)
	if !a.failing.Swap(true) {
		a.faults.Error("audit records are lost", "error", err, "grants_refused", a.required)
	}
}

// limit abandons the writer, and the records that are not written by then, a moment after ctx has ended.
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

// run is the writer's goroutine.
func (a *auditWriter) run() {
	defer close(a.ended)
	retry := time.NewTicker(auditRetry)
	defer retry.Stop()
	for {
		select {
		case records, more := <-a.rounds:
			if !more {
				a.report()
				return
			}
			if !a.writeAll(records) {
				return
			}
		case <-retry.C:
			a.report()
		}
	}
}

// writeAll writes the records of a round. It returns false when the writer was abandoned meanwhile.
func (a *auditWriter) writeAll(records []seats.AuditRecord) bool {
	for i := range records {
		select {
		case <-a.abandoned: // the handler returned too late
			return false
		default:
			a.queued.Add(-1)
			a.writeOne(&records[i])
		}
	}
	clear(records) // frees the strings
	select {
	case a.spare <- records[:0]:
	default:
	}
	return true
}

// writeOne writes a record, after the number of those that are missing before it. While that cannot be written the record
// is lost, too: the audit says where records are missing.
func (a *auditWriter) writeOne(r *seats.AuditRecord) {
	if !a.report() {
		a.lose(1, nil)
		return
	}
	if err := a.handle(r.Kind.String(), auditAttrs(r)...); err != nil {
		a.lose(1, err)
	}
}

// report writes how many records were lost since the last report, if any were. It returns false when it could not.
func (a *auditWriter) report() bool {
	lost := a.lost.Load()
	missing := lost - a.reported
	if missing == 0 {
		return true
	}
	if err := a.handle(auditLost, slog.Int64("count", missing)); err != nil {
		return false
	}
	a.reported = lost
	a.failing.Store(false)
	a.faults.Info("audit records are written again", "lost", missing)
	return true
}

// handle calls the handler, which is the host's. A panic of the handler is an error.
func (a *auditWriter) handle(message string, attrs ...slog.Attr) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the handler panicked: %v", p)
		}
	}()
	if !a.handler.Enabled(context.Background(), slog.LevelInfo) {
		return nil
	}
	r := slog.NewRecord(time.Now(), slog.LevelInfo, message, 0)
	r.AddAttrs(attrs...)
	return a.handler.Handle(context.Background(), r)
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
