package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// patience is how long the play waits for what should happen next.
const patience = 10 * time.Second

// seen are the events of a runtime that nobody has waited for yet.
type seen chan messages.Event

// await waits until all wanted events were seen, in any order; see label.
func (s seen) await(ctx context.Context, wanted ...string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	missing := make(map[string]bool, len(wanted))
	for _, w := range wanted {
		missing[w] = true
	}
	for len(missing) > 0 {
		select {
		case e := <-s:
			delete(missing, label(e))
		case <-ctx.Done():
			return fmt.Errorf("within %s there was no %s", patience, strings.Join(slices.Sorted(maps.Keys(missing)), ", "))
		}
	}
	return nil
}

// label names an event for await: its name, its feature, and whether the lease was resumed or how many heartbeats failed.
func label(e messages.Event) string {
	words := []string{messages.Name(e)}
	if claim := describe(e).claim; claim.Feature != "" {
		words = append(words, claim.Feature)
	}
	switch e := e.(type) {
	case messages.CheckoutSucceeded:
		if e.Resumed {
			words = append(words, "resumed")
		}
	case messages.ConnectionLost:
		words = append(words, fmt.Sprint(e.Failed))
	}
	return strings.Join(words, " ")
}
