package grpctransport

import (
	"errors"
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/wire"
)

func takesTo(takes []transport.Take) []*wire.Take {
	all, out := make([]wire.Take, len(takes)), make([]*wire.Take, len(takes))
	for i := range takes {
		takeTo(&takes[i], &all[i])
		out[i] = &all[i]
	}
	if len(takes) == 1 { // the last of several may travel alone, too, and would hold up the others
		all[0].WaitMs = waitTo(takes[0].Wait)
	}
	return out
}

// waitTo keeps a wait within its bounds, and one that is too short to be told away from none.
func waitTo(wait time.Duration) uint32 {
	wait = min(max(wait, 0), transport.MaxWait)
	return uint32((wait + time.Millisecond - 1) / time.Millisecond)
}

// takeTo copies a take into a message. What is out of bounds travels as something that the server refuses as malformed:
// it is the server's to say so, for this take alone.
func takeTo(t *transport.Take, w *wire.Take) {
	w.Request = packed([]messages.RequestID{t.Request})
	if len(t.Feature) <= messages.MaxFeatureName && utf8.ValidString(t.Feature) {
		w.Feature = t.Feature
	}
	w.Major, w.Minor = number(t.Version.Major), number(t.Version.Minor)
	w.Count = number(t.Count)
	w.Exact = t.Exact
	if len(t.Replaces) > 0 {
		w.Replaces = packed(t.Replaces[:min(len(t.Replaces), wire.MaxReplaces+1)])
	}
}

// number keeps what no uint32 can say out of every bound.
func number(n int) uint32 {
	if n < 0 || n > math.MaxUint32 {
		return math.MaxUint32
	}
	return uint32(n)
}

// appendOutcomes appends the outcomes of takes.
func appendOutcomes(out []transport.Outcome, in []*wire.Outcome, takes []transport.Take) ([]transport.Outcome, error) {
	if len(in) != len(takes) {
		return nil, fmt.Errorf("malformed reply: %d outcomes for %d takes", len(in), len(takes))
	}
	for i, w := range in {
		o, err := outcomeOf(w)
		if err != nil {
			return nil, err
		}
		o.Request = takes[i].Request
		out = append(out, o)
	}
	return out, nil
}

func outcomeOf(w *wire.Outcome) (transport.Outcome, error) {
	switch w.GetResult() {
	case wire.Result_RESULT_GRANTED:
		return grantOf(w)
	case wire.Result_RESULT_REFUSED:
		reason, err := refusing(w.GetReason())
		return transport.Outcome{
			Result: transport.Refused, Reason: reason, Message: w.GetMessage(), RetryAfter: milliseconds(w.GetRetryAfterMs()),
		}, err
	case wire.Result_RESULT_GONE:
		reason, err := ending(w.GetReason())
		return transport.Outcome{Result: transport.Gone, Reason: reason, Message: w.GetMessage()}, err
	default:
		return transport.Outcome{}, fmt.Errorf("malformed reply: result %s", w.GetResult())
	}
}

func grantOf(w *wire.Outcome) (transport.Outcome, error) {
	o := transport.Outcome{Result: transport.Granted, Local: w.GetLocal(), Overdraft: w.GetOverdraft()}
	switch {
	case len(w.GetLease()) == len(o.Lease):
		o.Lease = messages.LeaseID(w.GetLease())
	case len(w.GetLease()) > 0 || !o.Local:
		return transport.Outcome{}, fmt.Errorf("malformed reply: a lease id of %d bytes", len(w.GetLease()))
	}
	if o.Lease == (messages.LeaseID{}) && !o.Local {
		return transport.Outcome{}, errors.New("malformed reply: a grant without a lease")
	}
	if w.GetMajor() > messages.MaxVersion || w.GetMinor() > messages.MaxVersion {
		return transport.Outcome{}, fmt.Errorf("malformed reply: version %d.%d", w.GetMajor(), w.GetMinor())
	}
	o.Version = messages.V(int(w.GetMajor()), int(w.GetMinor()))
	return o, nil
}
