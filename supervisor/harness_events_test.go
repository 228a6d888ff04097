package supervisor

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
)

// eventRecorder collects events and the times at which they were delivered.
type eventRecorder struct {
	mu    sync.Mutex // guards the fields below
	list  []recordedEvent
	taken int // how many events of the list were taken
}

type recordedEvent struct {
	at    time.Time
	event messages.Event
}

func (r *eventRecorder) record(e messages.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, recordedEvent{time.Now(), e})
}

// take returns the events since the last call, once all goroutines wait.
func (r *eventRecorder) take() []messages.Event {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	var events []messages.Event
	for _, t := range r.list[r.taken:] {
		events = append(events, t.event)
	}
	r.taken = len(r.list)
	return events
}

// texts is take with each event as a short text.
func (r *eventRecorder) texts() []string { return texts(r.take()) }

func texts(events []messages.Event) []string {
	var texts []string
	for _, e := range events {
		texts = append(texts, text(e))
	}
	return texts
}

// names is take with the name of each event, and the failed count of ConnectionLost.
func (r *eventRecorder) names() []string {
	var names []string
	for _, e := range r.take() {
		name := messages.Name(e)
		if lost, ok := e.(messages.ConnectionLost); ok {
			name = fmt.Sprintf("%s(%d)", name, lost.Failed)
		}
		names = append(names, name)
	}
	return names
}

// all returns all events so far, once all goroutines wait.
func (r *eventRecorder) all() []recordedEvent {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.list)
}

// find takes all events up to the next one with this text, and returns the time of that one.
func (r *eventRecorder) find(want string) (time.Time, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := r.taken; i < len(r.list); i++ {
		if text(r.list[i].event) == want {
			r.taken = i + 1
			return r.list[i].at, true
		}
	}
	return time.Time{}, false
}

// count returns the number of events of type E so far.
func count[E messages.Event](r *eventRecorder) int {
	n := 0
	for _, t := range r.all() {
		if _, ok := t.event.(E); ok {
			n++
		}
	}
	return n
}

// last returns the latest event of type E; zero when there is none.
func last[E messages.Event](r *eventRecorder) (e E) {
	for _, t := range r.all() {
		if found, ok := t.event.(E); ok {
			e = found
		}
	}
	return e
}

// text returns an event as the short text that tests compare.
func text(e messages.Event) string {
	switch e := e.(type) {
	case messages.ConnectionLost:
		return fmt.Sprintf("Lost(%d) %s", e.Failed, e.Server)
	case messages.RetryingFeature:
		return fmt.Sprintf("Retrying %s %s", e.Feature, e.Server)
	case messages.CheckoutSucceeded:
		if e.Resumed {
			return fmt.Sprintf("Resumed %s %s", e.Feature, e.Server)
		}
		return fmt.Sprintf("Succeeded %s %s", e.Feature, e.Server)
	case messages.CheckoutFailed:
		return fmt.Sprintf("Failed %s %s %s", e.Feature, e.Server, e.Reason)
	case messages.LicenseLost:
		return fmt.Sprintf("%s %s %s %s", e.State, e.Feature, e.Server, e.Reason)
	case messages.FailedOver:
		return fmt.Sprintf("FailedOver %s %s>%s", e.Feature, e.From, e.To)
	case messages.CheckedOut:
		return fmt.Sprintf("CheckedOut %s %s", e.Feature, e.Server)
	case messages.CheckedIn:
		return fmt.Sprintf("CheckedIn %s %s", e.Feature, e.Server)
	case messages.ServerRestarted:
		return fmt.Sprintf("Restarted %s", e.Server)
	case messages.ServerReplaced:
		return fmt.Sprintf("Replaced %s", e.Server)
	case messages.LeaseAtRisk:
		return fmt.Sprintf("AtRisk %s", e.Server)
	case messages.Exited:
		return fmt.Sprintf("Exited %d", e.Features)
	default:
		return messages.Name(e)
	}
}

// checkPairs checks that every RetryingFeature is followed by exactly one CheckoutSucceeded or CheckoutFailed of the same
// checkout, before any other event of it.
func checkPairs(t *testing.T, history []recordedEvent) {
	t.Helper()
	open := map[uint64]bool{}
	for i, h := range history {
		id, of := idOf(h.event)
		if !of {
			continue
		}
		closes := false
		switch h.event.(type) {
		case messages.CheckoutSucceeded, messages.CheckoutFailed:
			closes = true
		}
		assert.Equal(t, open[id], closes, "event %d of checkout %d: %s", i, id, text(h.event))
		_, opens := h.event.(messages.RetryingFeature)
		open[id] = opens
	}
	for id, left := range open {
		assert.False(t, left, "the last pair of checkout %d was never closed", id)
	}
}

// idOf returns the ID of the checkout that an event belongs to, if it belongs to one.
func idOf(e messages.Event) (uint64, bool) {
	field := reflect.ValueOf(e).FieldByName("Claim")
	if !field.IsValid() {
		return 0, false
	}
	return field.Interface().(messages.Claim).ID, true
}
