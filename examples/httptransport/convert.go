package httptransport

import (
	"fmt"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// results are the words of the wire for what becomes of a take.
var results = map[string]transport.Result{
	"granted": transport.Granted, "refused": transport.Refused, "gone": transport.Gone,
}

// millis turns a duration of the wire into one of Go. One that is negative or absurd counts as absent.
func millis(n int64) time.Duration {
	if n < 0 || n > int64(24*time.Hour/time.Millisecond) {
		return 0
	}
	return time.Duration(n) * time.Millisecond
}

// sound returns what a server says of itself, or an error if it says nothing that can be believed.
func (h hello) sound() (transport.Hello, error) {
	out := transport.Hello{Identity: h.Identity, ClientTimeout: millis(h.ClientTimeout)}
	if !out.Identity.Valid() || out.ClientTimeout <= 0 {
		return out, fmt.Errorf("not the answer of a license server: identity %q, client timeout %d ms", h.ServerID, h.ClientTimeout)
	}
	return out, nil
}

func wireTakes(takes []transport.Take) []take {
	out := make([]take, len(takes))
	for i, t := range takes {
		out[i] = take{
			Request: id(t.Request), Feature: t.Feature, Version: t.Version, Count: t.Count, Exact: t.Exact,
			Replaces: make([]id, len(t.Replaces)),
		}
		for j, request := range t.Replaces {
			out[i].Replaces[j] = id(request)
		}
	}
	return out
}

// outcomesOf returns one outcome for each take, or an error when the server answered something else than it was asked.
func outcomesOf(outcomes []outcome, takes []transport.Take) ([]transport.Outcome, error) {
	if len(outcomes) != len(takes) {
		return nil, fmt.Errorf("%d outcomes for %d takes", len(outcomes), len(takes))
	}
	out := make([]transport.Outcome, len(outcomes))
	for i, o := range outcomes {
		result, known := results[o.Result]
		switch {
		case !known:
			return nil, fmt.Errorf("outcome %d: unknown result %q", i, o.Result)
		case result == transport.Granted && o.Lease == id{}:
			return nil, fmt.Errorf("outcome %d: a grant without a lease", i)
		}
		out[i] = transport.Outcome{
			Request: takes[i].Request, Result: result, Lease: messages.LeaseID(o.Lease), Version: o.Version, Local: o.Local,
			Reason: o.Reason, Message: o.Message, RetryAfter: millis(o.RetryAfter),
		}
	}
	return out, nil
}

func wireLeases(leases []messages.LeaseID) []id {
	out := make([]id, len(leases))
	for i, lease := range leases {
		out[i] = id(lease)
	}
	return out
}

// endedOf returns the leases that ended. The runtime itself leaves out what it did not ask about.
func endedOf(list []ended) ([]transport.Ended, error) {
	out := make([]transport.Ended, len(list))
	for i, e := range list {
		if e.Reason == messages.NoReason {
			return nil, fmt.Errorf("lease %x ended without a reason", e.Lease)
		}
		out[i] = transport.Ended{Lease: messages.LeaseID(e.Lease), Reason: e.Reason}
	}
	return out, nil
}

func wireReturns(returns []transport.Return) []seatsReturn {
	out := make([]seatsReturn, len(returns))
	for i, r := range returns {
		out[i] = seatsReturn{Lease: id(r.Lease), Request: id(r.Request)}
	}
	return out
}
