package main

import (
	"log/slog"
	"testing"

	"go.uber.org/goleak"
)

// No test leaves a goroutine behind, and none of them talks.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	goleak.VerifyTestMain(m)
}
