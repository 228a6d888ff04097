package supervisor

import (
	"context"
	"log/slog"
	"strings"
	"sync"
)

// logRecorder is a slog.Handler that keeps the records.
type logRecorder struct {
	mu      sync.Mutex // guards the field below
	records []slog.Record
}

// logTo makes the runtime log to the recorder.
func (h *harness) logTo(b *logRecorder) { h.config.Logger = slog.New(b) }

// Enabled implements slog.Handler.
func (*logRecorder) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (b *logRecorder) Handle(_ context.Context, r slog.Record) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.records = append(b.records, r)
	return nil
}

// WithAttrs implements slog.Handler.
func (b *logRecorder) WithAttrs([]slog.Attr) slog.Handler { return b }

// WithGroup implements slog.Handler.
func (b *logRecorder) WithGroup(string) slog.Handler { return b }

// find returns the messages of this level or above that contain the words.
func (b *logRecorder) find(level slog.Level, words string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []string
	for _, r := range b.records {
		if r.Level >= level && strings.Contains(r.Message, words) {
			found = append(found, r.Message)
		}
	}
	return found
}
