package server

import (
	"log/slog"
	"sync/atomic"
	"time"
)

// calendar is the time that licences are judged by: the wall clock, but never before the latest time that the ledger
// knows of, so that setting the clock back makes no licence valid again.
//
// The mark is kept in the ledger at each start, when a licence runs out, and every few minutes. The committer owns it,
// but for now, which may be called from any goroutine.
type calendar struct {
	wall func() time.Time
	log  *slog.Logger
	mark atomic.Int64 // the latest time seen, in milliseconds since 1970

	kept     int64  // the mark in the ledger
	seq      uint64 // the number of its record, 0 when it is that of the start
	last     time.Time
	lastRaw  time.Duration // of the server's monotonic clock, at last
	isBehind bool          // the clock is, and that was told
}

const (
	// markEvery is how much a crash makes the server forget at most.
	markEvery = 5 * time.Minute
	// clockTolerance is by how much a clock may be set without a word.
	clockTolerance = time.Minute
)

// now returns the time that licences are judged by.
func (c *calendar) now() time.Time {
	wall := c.wall()
	if mark := time.UnixMilli(c.mark.Load()); mark.After(wall) {
		return mark
	}
	return wall
}

// behind returns by how much the wall clock is behind the mark.
func (c *calendar) behind() time.Duration {
	return max(0, time.UnixMilli(c.mark.Load()).Sub(c.wall()))
}

// tick reads the wall clock and tells of one that was set. It returns the time that licences are judged by.
func (c *calendar) tick(raw time.Duration) time.Time {
	wall := c.wall()
	if ahead := wall.Round(0).Sub(c.last) - (raw - c.lastRaw); !c.last.IsZero() && ahead > clockTolerance {
		c.log.Warn("the wall clock went ahead, or the machine slept: licences are judged by it from now on; "+
			"if it is wrong, correct it and restore the ledger from a backup made before", "by", ahead, "now", wall)
	}
	c.last, c.lastRaw = wall.Round(0), raw
	c.mark.Store(max(c.mark.Load(), wall.UnixMilli()))
	late := c.behind()
	if late > clockTolerance && !c.isBehind {
		c.log.Warn("the wall clock is behind the latest time that the ledger knows of: licences are judged by that time",
			"by", late, "wall", wall, "latest", time.UnixMilli(c.mark.Load()))
	}
	c.isBehind = late > clockTolerance
	return c.now()
}

// due reports whether the mark is to be kept.
func (c *calendar) due() bool { return c.mark.Load()-c.kept >= markEvery.Milliseconds() }

// keepMark puts the mark into the next batch.
func (e *engine) keepMark() {
	c := &e.calendar
	c.kept = c.mark.Load()
	c.seq = e.book.record(Record{Kind: RecordWall, Wall: c.kept}, c.seq)
}
