package license

import "time"

// TimeLayout is how licence files write times: RFC 3339 in UTC, in whole seconds.
const TimeLayout = "2006-01-02T15:04:05Z"

// FormatTime writes a time as licence files do.
func FormatTime(t time.Time) string { return t.UTC().Format(TimeLayout) }
