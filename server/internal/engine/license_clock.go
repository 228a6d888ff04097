package engine

import (
	"log/slog"
	"sync/atomic"
	"time"
)

// licenseClock is the time by which licences are judged: the wall clock, but never before the latest time that the ledger
// knows of, so that setting the clock back makes no licence valid again.
//
// The high-water mark of that time is recorded in the ledger at each start, when a licence expires and every few minutes.
// The committer owns the clock; now and behind may be called from any goroutine.
type licenseClock struct {
	wall      func() time.Time
	log       *slog.Logger
	highWater atomic.Int64 // the latest time seen, in milliseconds since 1970

	persisted int64  // the high-water mark in the ledger
	seq       uint64 // number of the RecordTime of the mark; 0 while the mark is in the RecordStart
	last      time.Time
	lastRaw   time.Duration // of the server's monotonic clock, at the last tick
	isBehind  bool          // the wall clock is behind, and that was logged
}

const (
	// persistEvery bounds how much time a crash can make the server forget.
	persistEvery = 5 * time.Minute
	// clockTolerance is how far the wall clock may jump without a warning.
	clockTolerance = time.Minute
)

// now returns the time by which licences are judged.
func (c *licenseClock) now() time.Time {
	wall := c.wall()
	if mark := time.UnixMilli(c.highWater.Load()); mark.After(wall) {
		return mark
	}
	return wall
}

// behind returns how far the wall clock is behind the high-water mark.
func (c *licenseClock) behind() time.Duration {
	return max(0, time.UnixMilli(c.highWater.Load()).Sub(c.wall()))
}

// restore sets the high-water mark to the mark in the ledger, and returns the time by which licences are judged. The
// mark is recorded with the start of the server.
func (c *licenseClock) restore(mark int64, raw time.Duration) time.Time {
	c.highWater.Store(mark)
	now := c.tick(raw)
	c.persisted = c.highWater.Load()
	return now
}

// tick reads the wall clock, and warns when it jumped. It returns the time by which licences are judged.
func (c *licenseClock) tick(raw time.Duration) time.Time {
	wall := c.wall()
	if ahead := wall.Round(0).Sub(c.last) - (raw - c.lastRaw); !c.last.IsZero() && ahead > clockTolerance {
		c.log.Warn("the wall clock jumped ahead, or the machine slept: licences are judged by the new time; "+
			"if the clock is wrong, set it right and restore a backup of the ledger from before the jump", "by", ahead.String(), "now", wall)
	}
	c.last, c.lastRaw = wall.Round(0), raw
	c.highWater.Store(max(c.highWater.Load(), wall.UnixMilli()))
	late := c.behind()
	if late > clockTolerance && !c.isBehind {
		c.log.Warn("the wall clock is behind the latest time that the ledger knows of: licences are judged by that time",
			"by", late.String(), "wall", wall, "latest", time.UnixMilli(c.highWater.Load()))
	}
	c.isBehind = late > clockTolerance
	return c.now()
}

// due reports whether the high-water mark is to be recorded again.
func (c *licenseClock) due() bool {
	return c.highWater.Load()-c.persisted >= persistEvery.Milliseconds()
}

// persistHighWater writes the high-water mark with the next batch. record returns the record's number and drops the
// previous record.
func (c *licenseClock) persistHighWater(record func(wall int64, before uint64) uint64) {
	c.persisted = c.highWater.Load()
	c.seq = record(c.persisted, c.seq)
}
