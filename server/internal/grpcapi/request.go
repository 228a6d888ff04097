package grpcapi

import (
	"fmt"
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// Requests are checked in this file, so that the engine gets only values within the bounds of the protocol.

// maxBeat is the length of the longest heartbeat, in bytes.
const maxBeat = wire.MaxLeases * wire.IDLength

// malformed refuses a call that is out of bounds.
func malformed(format string, args ...any) error {
	return &seats.Refusal{Reason: messages.Malformed, Message: fmt.Sprintf(format, args...)}
}

// instanceOf reads the instance of a client: 16 bytes, not all zero.
func instanceOf(b []byte) (instance [16]byte, err error) {
	if len(b) != len(instance) || [16]byte(b) == instance {
		return instance, malformed("the instance is not %d bytes", len(instance))
	}
	return [16]byte(b), nil
}

func checkLabels(labels ...string) error {
	for _, label := range labels {
		if len(label) > wire.MaxLabel {
			return malformed("a label is %d bytes long: at most %d are allowed", len(label), wire.MaxLabel)
		}
	}
	return nil
}

// checkPacked checks the length of packed ids.
func checkPacked(ids []byte, most int) error {
	if len(ids)%wire.IDLength != 0 || len(ids) > most {
		return malformed("%d bytes of packed ids: a multiple of %d up to %d is allowed", len(ids), wire.IDLength, most)
	}
	return nil
}

// takesOf reads the takes of a call. A malformed take is kept with its fault, so that the other takes of the call are
// still decided.
func takesOf(in []*wire.Take) ([]seats.Take, error) {
	if len(in) == 0 || len(in) > wire.MaxBatch {
		return nil, malformed("%d takes: 1 to %d are allowed", len(in), wire.MaxBatch)
	}
	takes := make([]seats.Take, len(in))
	for i, t := range in {
		takes[i] = takeOf(t)
	}
	if len(in) == 1 { // only a take that is alone in its call may wait: it would delay the other takes
		takes[0].Wait = time.Duration(in[0].GetWaitMs()) * time.Millisecond
	}
	return takes, nil
}

func takeOf(t *wire.Take) seats.Take {
	out := seats.Take{
		Feature: t.GetFeature(),
		Version: messages.V(int(t.GetMajor()), int(t.GetMinor())),
		Count:   int(t.GetCount()),
		Exact:   t.GetExact(),
	}
	if len(t.GetRequest()) == len(out.Request) {
		out.Request = messages.RequestID(t.GetRequest())
	}
	out.Replaces = idsOf[messages.RequestID](t.GetReplaces())
	out.Fault = faultOf(out, len(t.GetReplaces()))
	return out
}

// faultOf returns the fault of a take, or "". The text is short, because the length of a reply is bounded.
func faultOf(t seats.Take, replaces int) string {
	switch {
	case t.Request == messages.RequestID{}:
		return "the request id is not 16 bytes"
	case t.Count < 1:
		return "no seats asked for"
	case replaces%wire.IDLength != 0 || replaces > wire.MaxReplaces*wire.IDLength:
		return "wrong length of request ids to replace"
	case (messages.Checkout{Feature: t.Feature, Version: t.Version, Count: t.Count}).Validate() != nil:
		return "feature, version or count out of bounds"
	}
	for _, r := range t.Replaces {
		if r == t.Request || r == (messages.RequestID{}) {
			return "the take replaces itself or nothing"
		}
	}
	return ""
}

// idsOf unpacks ids. It drops an incomplete id at the end; its callers check the length.
func idsOf[ID ~[16]byte](packed []byte) []ID {
	if len(packed) < wire.IDLength {
		return nil
	}
	ids := make([]ID, len(packed)/wire.IDLength)
	for i := range ids {
		ids[i] = ID(packed[i*wire.IDLength:])
	}
	return ids
}

// returnsOf reads the leases and requests of a checkin.
func returnsOf(req *wire.CheckinRequest) (leases []messages.LeaseID, requests []messages.RequestID, err error) {
	const most = wire.MaxBatch * wire.IDLength
	if err := checkPacked(req.GetLeases(), most); err != nil {
		return nil, nil, err
	}
	if err := checkPacked(req.GetRequests(), most); err != nil {
		return nil, nil, err
	}
	leases, requests = idsOf[messages.LeaseID](req.GetLeases()), idsOf[messages.RequestID](req.GetRequests())
	if slices.Contains(requests, messages.RequestID{}) {
		return nil, nil, malformed("a request id is zero")
	}
	return leases, requests, nil
}
