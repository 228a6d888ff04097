package grpctransport

import (
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// This file turns values of package transport into messages of the wire.

const (
	// envelope is more than a CheckoutRequest needs besides its takes, in bytes: a Caller and three labels.
	envelope = 64 + 3*(wire.MaxLabel+itemHeader)
	// itemHeader is more than the tag and the length of a take or of a label need, in bytes.
	itemHeader = 4
)

func takesTo(takes []transport.Take) []*wire.Take {
	all, out := make([]wire.Take, len(takes)), make([]*wire.Take, len(takes))
	for i := range takes {
		takeTo(&takes[i], &all[i])
		out[i] = &all[i]
	}
	if len(takes) == 1 { // not the last part of a larger batch, which would hold up the takes before it
		all[0].WaitMs = waitTo(takes[0].Wait)
	}
	return out
}

// waitTo returns a Wait within its bounds, rounded up, so that a short one does not become none.
func waitTo(wait time.Duration) uint32 {
	wait = min(max(wait, 0), transport.MaxWait)
	return uint32((wait + time.Millisecond - 1) / time.Millisecond)
}

// takeTo copies a take into a message. A field that is out of bounds becomes a value that the server refuses as
// malformed, so that the server refuses this take alone.
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

// number returns n, or a value above every bound when n does not fit.
func number(n int) uint32 {
	if n < 0 || int64(n) > math.MaxUint32 {
		return math.MaxUint32
	}
	return uint32(n)
}

// returnsTo packs the leases and the requests that are returned. A zero id names nothing and is left out.
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

// packed returns the bytes of the ids, one id after the other.
func packed[ID ~[16]byte](ids []ID) []byte {
	return appendPacked(nil, ids)
}

// appendPacked appends the bytes of the ids to out.
func appendPacked[ID ~[16]byte](out []byte, ids []ID) []byte {
	out = slices.Grow(out, len(ids)*wire.IDLength)
	for i := range ids {
		id := [wire.IDLength]byte(ids[i])
		out = append(out, id[:]...)
	}
	return out
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
