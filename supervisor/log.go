package supervisor

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"

	"github.com/seatbeat/seatbeat/messages"
)

// logEvent writes one record for an event: its name, and its fields as they are in JSON.
func logEvent(l *slog.Logger, e messages.Event) {
	level := levelOf(e)
	if !l.Enabled(context.Background(), level) {
		return
	}
	l.LogAttrs(context.Background(), level, messages.Name(e), attrs(e)...)
}

// levelOf returns how much an operator wants to be woken by an event.
func levelOf(e messages.Event) slog.Level {
	switch e.(type) {
	case messages.LicenseLost, messages.Exited, messages.DownLimitExceeded:
		return slog.LevelError
	case messages.ConnectionLost, messages.CheckoutFailed, messages.LeaseAtRisk, messages.ServerReplaced,
		messages.ClockJumped, messages.FeatureRestarted, messages.EventsDropped:
		return slog.LevelWarn
	case messages.CheckedOut, messages.CheckedIn, messages.RetryingFeature:
		return slog.LevelDebug
	default:
		return slog.LevelInfo
	}
}

// attrs returns the fields of an event by their JSON names.
func attrs(e messages.Event) []slog.Attr {
	text, err := json.Marshal(e)
	if err != nil {
		return []slog.Attr{slog.Any("event", e)}
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		return []slog.Attr{slog.String("event", string(text))}
	}
	list := make([]slog.Attr, 0, len(fields))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		list = append(list, slog.Any(name, fields[name]))
	}
	return list
}
