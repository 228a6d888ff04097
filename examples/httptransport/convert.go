package httptransport

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// This file turns the values of package transport into those of the wire, and back. What the client reads is checked
// here: a reply that breaks the protocol is no reply.

// results are the words of the wire for the result of a take.
var results = map[transport.Result]string{
	transport.Granted: "granted", transport.Refused: "refused", transport.Gone: "gone",
}

// resultOf returns the result for a word of the wire, 0 when there is none.
func resultOf(word string) transport.Result {
	for result, known := range results {
		if known == word {
			return result
		}
	}
	return 0
}

// convertIDs converts ids of one type to ids of another.
func convertIDs[To, From ~[16]byte](from []From) []To {
	out := make([]To, len(from))
	for i := range from {
		out[i] = To(from[i])
	}
	return out
}

// millis returns a duration of the wire. One that is negative or longer than a day counts as absent.
func millis(n int64) time.Duration {
	if n < 0 || n > int64(24*time.Hour/time.Millisecond) {
		return 0
	}
	return time.Duration(n) * time.Millisecond
}

// wireMillis returns a duration for the wire, rounded up, so that a short one does not become none.
func wireMillis(d time.Duration) int64 { return int64((d + time.Millisecond - 1) / time.Millisecond) }

func wireHello(h transport.Hello) hello {
	return hello{Identity: h.Identity, ClientTimeout: h.ClientTimeout.Milliseconds()}
}

// helloOf returns what the server reports about itself, or an error when no licence server would report that.
func helloOf(h hello) (transport.Hello, error) {
	out := transport.Hello{Identity: h.Identity, ClientTimeout: millis(h.ClientTimeout)}
	if !out.Identity.Valid() || out.ClientTimeout <= 0 {
		return out, fmt.Errorf("not the answer of a license server: identity %q, client timeout %d ms", h.ServerID, h.ClientTimeout)
	}
	return out, nil
}

func wireRefusal(r *transport.Refusal) refusal {
	return refusal{Hello: wireHello(r.Hello), Reason: r.Reason, Message: r.Message, RetryAfter: wireMillis(r.RetryAfter)}
}

// refusalOf returns the refusal in the body of an answer, as an error. A body that holds no refusal is another error.
func refusalOf(body []byte) error {
	var r refusal
	if err := json.Unmarshal(body, &r); err != nil {
		return err
	}
	hello, err := helloOf(r.Hello)
	switch {
	case err != nil:
		return err
	case r.Reason == messages.NoReason:
		return errors.New("a refusal without a reason")
	}
	return &transport.Refusal{Reason: r.Reason, Message: r.Message, RetryAfter: millis(r.RetryAfter), Hello: hello}
}

func wireClient(c transport.Client) connectRequest {
	return connectRequest{Instance: c.Instance, Name: c.Name, User: c.User, Host: c.Host, Share: c.Share}
}

func clientOf(q connectRequest) transport.Client {
	return transport.Client{Instance: q.Instance, Name: q.Name, User: q.User, Host: q.Host, Share: q.Share}
}

func wireTakes(takes []transport.Take) []take {
	out := make([]take, len(takes))
	for i, t := range takes {
		out[i] = take{
			Request: id(t.Request), Feature: t.Feature, Version: t.Version, Count: t.Count, Exact: t.Exact,
			Replaces: convertIDs[id](t.Replaces), Wait: wireMillis(t.Wait),
		}
	}
	return out
}

func takesOf(takes []take) []transport.Take {
	out := make([]transport.Take, len(takes))
	for i, t := range takes {
		out[i] = transport.Take{
			Request: messages.RequestID(t.Request), Feature: t.Feature, Version: t.Version, Count: t.Count, Exact: t.Exact,
			Replaces: convertIDs[messages.RequestID](t.Replaces), Wait: millis(t.Wait),
		}
	}
	return out
}

func wireOutcomes(outcomes []transport.Outcome) []outcome {
	out := make([]outcome, len(outcomes))
	for i, o := range outcomes {
		out[i] = outcome{
			Result: results[o.Result], Lease: id(o.Lease), Version: o.Version, Local: o.Local, Overdraft: o.Overdraft,
			Reason: o.Reason, Message: o.Message, RetryAfter: wireMillis(o.RetryAfter),
		}
	}
	return out
}

// outcomesOf returns one outcome for each take, or an error when the outcomes cannot be those of the takes.
func outcomesOf(outcomes []outcome, takes []transport.Take) ([]transport.Outcome, error) {
	if len(outcomes) != len(takes) {
		return nil, fmt.Errorf("%d outcomes for %d takes", len(outcomes), len(takes))
	}
	out := make([]transport.Outcome, len(outcomes))
	for i, o := range outcomes {
		result := resultOf(o.Result)
		switch {
		case result == 0:
			return nil, fmt.Errorf("outcome %d: unknown result %q", i, o.Result)
		case result == transport.Granted && o.Lease == id{}:
			return nil, fmt.Errorf("outcome %d: a grant without a lease", i)
		}
		out[i] = transport.Outcome{
			Request: takes[i].Request, Result: result, Lease: messages.LeaseID(o.Lease), Version: o.Version,
			Local: o.Local, Overdraft: o.Overdraft,
			Reason: o.Reason, Message: o.Message, RetryAfter: millis(o.RetryAfter),
		}
	}
	return out, nil
}

func wireEnded(list []transport.Ended) []ended {
	out := make([]ended, len(list))
	for i, e := range list {
		out[i] = ended{Lease: id(e.Lease), Reason: e.Reason}
	}
	return out
}

// endedOf returns the leases that ended. The runtime ignores leases that the call did not name.
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

func returnsOf(returns []seatsReturn) []transport.Return {
	out := make([]transport.Return, len(returns))
	for i, r := range returns {
		out[i] = transport.Return{Lease: messages.LeaseID(r.Lease), Request: messages.RequestID(r.Request)}
	}
	return out
}
