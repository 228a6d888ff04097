package engine

import (
	"log/slog"
	"time"

	"github.com/seatbeat/seatbeat/internal/seats"
)

// limitReport logs which limits have refused calls and takes, each limit at most once in a while. The committer owns it.
type limitReport struct {
	reports map[seats.Limit]reported
}

// reported is what was logged last about a limit.
type reported struct {
	refused int64
	at      time.Duration
}

// reportEvery is the least time between two log lines about one limit.
const reportEvery = time.Minute

// log writes a warning for each limit that has refused something since it was logged last.
func (r *limitReport) log(log *slog.Logger, counts *seats.LimitCounts, now time.Duration) {
	for limit, refused := range counts.All {
		last, known := r.reports[limit]
		if refused == last.refused || known && now-last.at < reportEvery {
			continue
		}
		if r.reports == nil {
			r.reports = make(map[seats.Limit]reported)
		}
		r.reports[limit] = reported{refused, now}
		log.Warn("a limit has refused clients", "limit", limit.String(), "refused", refused-last.refused)
	}
}
