package main

import (
	"log/slog"
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails if a test leaves a goroutine behind, and discards the log.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	goleak.VerifyTestMain(m)
}
