package supervisor

import (
	"context"
	"log/slog"
	"strings"
	"sync"
)

// logBook is a handler that keeps the records of a log.
type logBook struct {
	mu      sync.Mutex // guards the field below
	records []slog.Record
}

// logTo makes the runtime log to the book.
func (s *stage) logTo(b *logBook) { s.config.Logger = slog.New(b) }

// Enabled implements slog.Handler.
func (*logBook) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (b *logBook) Handle(_ context.Context, r slog.Record) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.records = append(b.records, r)
	return nil
}

// WithAttrs implements slog.Handler.
func (b *logBook) WithAttrs([]slog.Attr) slog.Handler { return b }

// WithGroup implements slog.Handler.
func (b *logBook) WithGroup(string) slog.Handler { return b }

// from returns the messages of this level or above that contain the words.
func (b *logBook) from(level slog.Level, words string) []string {
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
