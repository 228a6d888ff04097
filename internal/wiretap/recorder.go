package wiretap

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// Recorder keeps all calls and their answers, in the order in which the calls were sent. The zero value is empty. It is
// safe for concurrent use.
type Recorder struct {
	mu       sync.Mutex // guards the fields below
	records  []*Record
	inFlight map[*Call]*Record
}

// Record is a call and its answer, which is zero while the call is in flight.
type Record struct {
	Call
	Answer Answer
}

// Answered reports whether the server answered the call, other than by a refusal.
func (r Record) Answered() bool { return !r.Answer.Time.IsZero() && r.Answer.Err == nil }

// String returns the record as one line.
func (r Record) String() string {
	return fmt.Sprintf("%s %s %s: %d takes, %d leases, %d returns, %v", r.Sent.Format("04:05.000"), r.Kind, r.Address,
		len(r.Takes), len(r.Leases), len(r.Returns), r.Answer.Err)
}

// Observer returns the observer that records.
func (r *Recorder) Observer() Observer { return Observer{Sent: r.sent, Answered: r.answered} }

func (r *Recorder) sent(_ context.Context, c *Call) error {
	record := &Record{Call: *c}
	record.Takes, record.Leases, record.Returns = slices.Clone(c.Takes), slices.Clone(c.Leases), slices.Clone(c.Returns)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.inFlight == nil {
		r.inFlight = map[*Call]*Record{}
	}
	r.inFlight[c] = record
	r.records = append(r.records, record)
	return nil
}

func (r *Recorder) answered(c *Call, a Answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a.Outcomes, a.Ended = slices.Clone(a.Outcomes), slices.Clone(a.Ended)
	r.inFlight[c].Answer = a
	delete(r.inFlight, c)
}

// All returns all calls so far.
func (r *Recorder) All() []Record { return r.collect(func(*Record) bool { return true }) }

// Calls returns the calls of a kind so far, to the given addresses. Without addresses it returns the calls to all
// addresses.
func (r *Recorder) Calls(kind transporttest.Kind, to ...transport.Address) []Record {
	return r.collect(func(c *Record) bool {
		return c.Kind == kind && (len(to) == 0 || slices.Contains(to, c.Address))
	})
}

// Answered returns the Calls that the server answered without a refusal.
func (r *Recorder) Answered(kind transporttest.Kind, to ...transport.Address) []Record {
	return slices.DeleteFunc(r.Calls(kind, to...), func(c Record) bool { return !c.Answered() })
}

// Last returns the latest of Calls, of which there must be one.
func (r *Recorder) Last(kind transporttest.Kind, to ...transport.Address) Record {
	calls := r.Calls(kind, to...)
	return calls[len(calls)-1]
}

// Len returns the number of calls so far.
func (r *Recorder) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.records)
}

// CountAnswered returns the number of Answered.
func (r *Recorder) CountAnswered(kind transporttest.Kind) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.records {
		if c.Kind == kind && c.Answered() {
			n++
		}
	}
	return n
}

func (r *Recorder) collect(want func(*Record) bool) []Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []Record
	for _, c := range r.records {
		if want(c) {
			found = append(found, *c)
		}
	}
	return found
}
