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

// recorder collects events and when they were told.
type recorder struct {
	mu    sync.Mutex // guards the fields below
	list  []telling
	taken int // how many of list were taken
}

type telling struct {
	at    time.Time
	event messages.Event
}

func (r *recorder) record(e messages.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, telling{time.Now(), e})
}

// take returns the events since the last call.
func (r *recorder) take() []messages.Event {
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

// texts returns the events since the last call of take or texts, each as a short text.
func (r *recorder) texts() []string { return texts(r.take()) }

func texts(events []messages.Event) []string {
	var texts []string
	for _, e := range events {
		texts = append(texts, text(e))
	}
	return texts
}

// names returns the names of the events since the last call, with the failed count of a lost connection.
func (r *recorder) names() []string {
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

// all returns everything that was ever told.
func (r *recorder) all() []telling {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.list)
}

// find looks for the first event of this text that was not taken yet, takes all up to it, and returns when it was told.
func (r *recorder) find(want string) (time.Time, bool) {
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

// count returns how many events of type E were told.
func count[E messages.Event](r *recorder) int {
	n := 0
	for _, t := range r.all() {
		if _, ok := t.event.(E); ok {
			n++
		}
	}
	return n
}

// last returns the latest event of type E, the zero one when there is none.
func last[E messages.Event](r *recorder) (e E) {
	for _, t := range r.all() {
		if found, ok := t.event.(E); ok {
			e = found
		}
	}
	return e
}

// text returns an event in the few words that tests compare.
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
func checkPairs(t *testing.T, history []telling) {
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

// idOf returns the number of the checkout that an event is about, if it is about one.
func idOf(e messages.Event) (uint64, bool) {
	field := reflect.ValueOf(e).FieldByName("Claim")
	if !field.IsValid() {
		return 0, false
	}
	return field.Interface().(messages.Claim).ID, true
}
