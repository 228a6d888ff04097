package grpctransport

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// What comes from the wire is checked here. A reply that does not keep to the protocol is no answer.

// reasons are our words for the wire's, with what they may be said of.
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

func refusing(w wire.Reason) (messages.Reason, error) {
	r, ok := reasons[w]
	if !ok || !r.refuses {
		return messages.NoReason, fmt.Errorf("malformed reply: %s is no reason to refuse", w)
	}
	return r.reason, nil
}

func ending(w wire.Reason) (messages.Reason, error) {
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
	reason, err := refusing(w.GetReason())
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

// packed lays ids out one after the other.
func packed[ID ~[16]byte](ids []ID) []byte {
	return appendPacked(nil, ids)
}

// appendPacked does so behind what is there.
func appendPacked[ID ~[16]byte](out []byte, ids []ID) []byte {
	out = slices.Grow(out, len(ids)*wire.IDLength)
	for i := range ids {
		id := [wire.IDLength]byte(ids[i])
		out = append(out, id[:]...)
	}
	return out
}

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
		reason, err := ending(wire.Reason(b))
		if err != nil {
			return transport.HeartbeatReply{}, err
		}
		reply.Ended = append(reply.Ended, transport.Ended{Lease: messages.LeaseID(leases[i*wire.IDLength:]), Reason: reason})
	}
	return reply, nil
}

// returnsTo packs the leases and the requests that are returned; an id that is zero names nothing.
func returnsTo(returns []transport.Return) (leases, requests []byte) {
	for _, r := range returns {
		if r.Lease != (messages.LeaseID{}) {
			leases = append(leases, r.Lease[:]...)
		}
		if r.Request != (messages.RequestID{}) {
			requests = append(requests, r.Request[:]...)
		}
	}
	return leases, requests
}

// fitting returns how many of the takes fit into one message: at least one always does.
func fitting(takes []*wire.Take) int {
	room := wire.MaxMessage - envelope
	for i, t := range takes {
		size := proto.Size(t)
		room -= size + itemHeader
		if room < 0 {
			return max(i, 1)
		}
	}
	return len(takes)
}

const (
	envelope   = 64 + 3*(wire.MaxLabel+itemHeader) // more than a Caller and what is said of the client take
	itemHeader = 4                                 // more than the tag and the length of a take, or of a text, need
)
