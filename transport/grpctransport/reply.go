package grpctransport

import (
	"errors"
	"fmt"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// This file turns what comes from the wire into values of package transport, and checks it: a reply that breaks the
// protocol is no answer.

// reasons are the reasons of the wire, with what each may be the reason of.
var reasons = map[wire.Reason]struct {
	reason       messages.Reason
	refuses, end bool
}{
	wire.Reason_REASON_NO_SUCH_FEATURE: {messages.NoSuchFeature, true, false},
	wire.Reason_REASON_NO_SEATS:        {messages.NoSeats, true, false},
	wire.Reason_REASON_VERSION_TOO_LOW: {messages.VersionTooLow, true, false},
	wire.Reason_REASON_FEATURE_EXPIRED: {messages.FeatureExpired, true, true},
	wire.Reason_REASON_REVOKED:         {messages.Revoked, true, true},
	wire.Reason_REASON_DENIED:          {messages.Denied, true, false},
	wire.Reason_REASON_MALFORMED:       {messages.Malformed, true, false},
	wire.Reason_REASON_BUSY:            {messages.Busy, true, false},
	wire.Reason_REASON_DRAINING:        {messages.Draining, true, false},
	wire.Reason_REASON_RATE_LIMITED:    {messages.RateLimited, true, false},
	wire.Reason_REASON_UNKNOWN:         {messages.Unknown, false, true},
	wire.Reason_REASON_EXPIRED:         {messages.Expired, false, true},
	wire.Reason_REASON_REPLACED:        {messages.Replaced, false, true},
	wire.Reason_REASON_RETURNED:        {messages.Returned, false, true},
}

// refusalReason returns the reason of a refusal.
func refusalReason(w wire.Reason) (messages.Reason, error) {
	r, ok := reasons[w]
	if !ok || !r.refuses {
		return messages.NoReason, fmt.Errorf("malformed reply: %s is no reason to refuse", w)
	}
	return r.reason, nil
}

// endReason returns the reason why a lease ended.
func endReason(w wire.Reason) (messages.Reason, error) {
	r, ok := reasons[w]
	if !ok || !r.end {
		return messages.NoReason, fmt.Errorf("malformed reply: %s is no reason for an end", w)
	}
	return r.reason, nil
}

func milliseconds(ms uint32) time.Duration { return time.Duration(ms) * time.Millisecond }

func helloOf(w *wire.Hello) (transport.Hello, error) {
	hello := transport.Hello{
		Identity:      messages.Identity{ServerID: w.GetServerId(), BootID: w.GetBootId(), Epoch: w.GetEpoch()},
		ClientTimeout: milliseconds(w.GetClientTimeoutMs()),
	}
	if !hello.Identity.Valid() || hello.ClientTimeout == 0 {
		return transport.Hello{}, errors.New("malformed reply: no valid identity and client timeout")
	}
	return hello, nil
}

func refusalOf(w *wire.Refusal) (*transport.Refusal, error) {
	reason, err := refusalReason(w.GetReason())
	if err != nil {
		return nil, err
	}
	refusal := &transport.Refusal{Reason: reason, Message: w.GetMessage(), RetryAfter: milliseconds(w.GetRetryAfterMs())}
	if w.GetHello() != nil {
		refusal.Hello, err = helloOf(w.GetHello())
	}
	if err != nil {
		return nil, err
	}
	return refusal, nil
}

// heartbeatReplyOf returns the reply to a heartbeat that named so many leases.
func heartbeatReplyOf(w *wire.HeartbeatReply, named int) (transport.HeartbeatReply, error) {
	hello, err := helloOf(w.GetHello())
	if err != nil {
		return transport.HeartbeatReply{}, err
	}
	reply := transport.HeartbeatReply{Hello: hello, NotBefore: milliseconds(w.GetNotBeforeMs())}
	leases, why := w.GetEnded(), w.GetReasons()
	if len(leases) != len(why)*wire.IDLength || len(why) > named {
		return transport.HeartbeatReply{}, fmt.Errorf("malformed reply: %d reasons for %d bytes of %d leases", len(why), len(leases), named)
	}
	for i, b := range why {
		reason, err := endReason(wire.Reason(b))
		if err != nil {
			return transport.HeartbeatReply{}, err
		}
		reply.Ended = append(reply.Ended, transport.Ended{Lease: messages.LeaseID(leases[i*wire.IDLength:]), Reason: reason})
	}
	return reply, nil
}

// appendOutcomes appends the outcomes of the takes, of which there must be one for each.
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
		reason, err := refusalReason(w.GetReason())
		return transport.Outcome{
			Result: transport.Refused, Reason: reason, Message: w.GetMessage(), RetryAfter: milliseconds(w.GetRetryAfterMs()),
		}, err
	case wire.Result_RESULT_GONE:
		reason, err := endReason(w.GetReason())
		return transport.Outcome{Result: transport.Gone, Reason: reason, Message: w.GetMessage()}, err
	default:
		return transport.Outcome{}, fmt.Errorf("malformed reply: result %s", w.GetResult())
	}
}

// grantOf returns a grant, which has a lease unless it is local.
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
