package supervisor

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// logEvent writes one log record for an event. Its message is the name of the event, and its attributes are the fields of
// the event under their JSON names.
func logEvent(l *slog.Logger, e messages.Event) {
	level := levelOf(e)
	if !l.Enabled(context.Background(), level) {
		return
	}
	l.LogAttrs(context.Background(), level, messages.Name(e), attrsOf(reflect.ValueOf(e))...)
}

// levelOf returns the level of an event: Error when licenses are gone, Warn when they are at risk, Debug for what happens
// all the time.
func levelOf(e messages.Event) slog.Level {
	switch e.(type) {
	case messages.LicenseLost, messages.Exited, messages.DownLimitExceeded:
		return slog.LevelError
	case messages.ConnectionLost, messages.CheckoutFailed, messages.LeaseAtRisk, messages.ServerReplaced,
		messages.ClockJumped, messages.CertificateExpiring, messages.FeatureRestarted, messages.EventsDropped:
		return slog.LevelWarn
	case messages.CheckedOut, messages.CheckedIn, messages.RetryingFeature:
		return slog.LevelDebug
	default:
		return slog.LevelInfo
	}
}

// attrsOf returns the fields of a struct, and of embedded structs, as attributes. As in JSON, an empty field with
// omitempty is left out.
func attrsOf(value reflect.Value) (attrs []slog.Attr) {
	for i := range value.NumField() {
		field := value.Type().Field(i)
		if field.Anonymous {
			attrs = append(attrs, attrsOf(value.Field(i))...)
			continue
		}
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if options == "omitempty" && value.Field(i).IsZero() {
			continue
		}
		attrs = append(attrs, attrOf(name, value.Field(i)))
	}
	return attrs
}

// attrOf returns a value as an attribute: servers and identities as groups, durations, versions and all values with a
// String method as text, so that every handler writes them alike.
func attrOf(name string, value reflect.Value) slog.Attr {
	switch v := value.Interface().(type) {
	case messages.Server, messages.Identity:
		return slog.Attr{Key: name, Value: slog.GroupValue(attrsOf(value)...)}
	case time.Time:
		return slog.Time(name, v)
	case fmt.Stringer:
		return slog.String(name, v.String())
	default:
		return slog.Any(name, v)
	}
}
