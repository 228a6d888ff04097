package server

import (
	"fmt"
	"slices"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// What comes from the wire is checked here, so that the engine only meets values within the bounds of the protocol.

// malformed is the refusal of a call that is out of bounds.
func malformed(format string, args ...any) error {
	return &refusal{reason: messages.Malformed, message: fmt.Sprintf(format, args...)}
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

// takesOf reads the takes of a call. A take that is malformed is kept, with its fault: it does not spoil the others.
func takesOf(in []*wire.Take) ([]take, error) {
	if len(in) == 0 || len(in) > maxBatch {
		return nil, malformed("%d takes: 1 to %d are allowed", len(in), maxBatch)
	}
	takes := make([]take, len(in))
	for i, t := range in {
		takes[i] = takeOf(t)
	}
	if len(in) == 1 { // one that waits among others would hold them up
		takes[0].wait = time.Duration(in[0].GetWaitMs()) * time.Millisecond
	}
	return takes, nil
}

func takeOf(t *wire.Take) take {
	out := take{
		feature: t.GetFeature(),
		version: messages.V(int(t.GetMajor()), int(t.GetMinor())),
		count:   int(t.GetCount()),
		exact:   t.GetExact(),
	}
	if len(t.GetRequest()) == len(out.request) {
		out.request = messages.RequestID(t.GetRequest())
	}
	out.replaces = idsOf[messages.RequestID](t.GetReplaces())
	out.fault = out.faults(len(t.GetReplaces()))
	return out
}

// faults says what is wrong with a take, in few words: they go into a reply of bounded length.
func (t take) faults(replaces int) string {
	switch {
	case t.request == messages.RequestID{}:
		return "the request id is not 16 bytes"
	case t.count < 1:
		return "no seats asked for"
	case replaces%wire.IDLength != 0 || replaces > maxReplaces*wire.IDLength:
		return "wrong length of request ids to replace"
	case (messages.Checkout{Feature: t.feature, Version: t.version, Count: t.count}).Validate() != nil:
		return "feature, version or count out of bounds"
	}
	for _, r := range t.replaces {
		if r == t.request || r == (messages.RequestID{}) {
			return "the take replaces itself or nothing"
		}
	}
	return ""
}

// idsOf unpacks ids. What is left of an incomplete one is dropped; the caller has checked, or checks, the length.
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

// returnsOf reads what a checkin returns.
func returnsOf(req *wire.CheckinRequest) (leases []messages.LeaseID, requests []messages.RequestID, err error) {
	const most = maxBatch * wire.IDLength
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
