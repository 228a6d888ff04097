package engine

import (
	"fmt"
	"maps"

	"github.com/anishathalye/porcupine"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
)

// seatCall is a kind of operation.
type seatCall uint8

const (
	callCheckout seatCall = iota + 1
	callCheckin
	callBeat
	callExpire // by the server itself, once a lease got no heartbeat for the client timeout
	callAudit  // of the seats used, at the end
)

// seatInput is an operation on one pool.
type seatInput struct {
	call    seatCall
	pool    string
	request messages.RequestID
	count   int
	lease   messages.LeaseID // of a return and a beat
}

// seatOutput is its answer; known is false when there was none.
type seatOutput struct {
	known  bool
	result seats.Result
	reason messages.Reason
	lease  messages.LeaseID
	queued bool // refused because others wait in the queue, whether seats are free or not
	used   int
}

// poolState is what a pool should be: its requests, in a map that is never changed, only replaced.
type poolState struct {
	used int
	all  map[messages.RequestID]requestState
}

type requestState struct {
	count int
	lease messages.LeaseID // zero while no client knows it
	ended messages.Reason  // NoReason while it is held
}

// with returns the state in which a request has changed.
func (p poolState) with(request messages.RequestID, r requestState) poolState {
	seats := func(r requestState) int {
		if r.ended != messages.NoReason {
			return 0
		}
		return r.count
	}
	next := poolState{used: p.used - seats(p.all[request]) + seats(r), all: maps.Clone(p.all)}
	if next.all == nil {
		next.all = make(map[messages.RequestID]requestState)
	}
	next.all[request] = r
	return next
}

// checkout may be repeated: then it gets its earlier answer.
func (p poolState) checkout(in seatInput, out seatOutput) (bool, poolState) {
	r, known := p.all[in.request]
	switch {
	case !known && out.queued:
		return true, p
	case !known && p.used+in.count > historySeats:
		return !out.known || out.result == seats.Refused && out.reason == messages.NoSeats, p
	case !known:
		ok := !out.known || out.result == seats.Granted
		return ok, p.with(in.request, requestState{count: in.count, lease: out.lease})
	case !out.known:
		return true, p
	case r.ended != messages.NoReason:
		return out.result == seats.Gone && out.reason == r.ended, p
	case r.lease == messages.LeaseID{}:
		r.lease = out.lease
		return out.result == seats.Granted, p.with(in.request, r)
	default:
		return out.result == seats.Granted && out.lease == r.lease, p
	}
}

// end ends the lease of a request: a return and an expiry do.
func (p poolState) end(in seatInput, reason messages.Reason) poolState {
	r, known := p.all[in.request]
	if !known || r.ended != messages.NoReason {
		return p
	}
	r.ended = reason
	return p.with(in.request, r)
}

// beat gets the reason why a lease has ended, as long as the server remembers it.
func (p poolState) beat(in seatInput, out seatOutput) bool {
	r := p.all[in.request]
	switch {
	case !out.known:
		return true
	case r.ended == messages.NoReason:
		return out.result == seats.Granted && r.lease == in.lease
	default:
		return out.result == seats.Gone && (out.reason == r.ended || out.reason == messages.Unknown)
	}
}

func (p poolState) step(in seatInput, out seatOutput) (bool, poolState) {
	switch in.call {
	case callCheckout:
		return p.checkout(in, out)
	case callCheckin:
		return true, p.end(in, messages.Returned)
	case callExpire:
		return true, p.end(in, messages.Expired)
	case callBeat:
		return p.beat(in, out), p
	default:
		return p.used == out.used, p
	}
}

// seatModel is what clients may see of a server. Each pool is independent of the others.
var seatModel = porcupine.Model{
	PartitionEvent: func(history []porcupine.Event) (parts [][]porcupine.Event) {
		pools, of := make(map[string]int), make(map[int]int)
		for _, e := range history {
			if in, ok := e.Value.(seatInput); ok {
				if _, known := pools[in.pool]; !known {
					pools[in.pool], parts = len(parts), append(parts, nil)
				}
				of[e.Id] = pools[in.pool]
			}
			parts[of[e.Id]] = append(parts[of[e.Id]], e)
		}
		return parts
	},
	Init: func() any { return poolState{} },
	Step: func(state, in, out any) (bool, any) {
		return state.(poolState).step(in.(seatInput), out.(seatOutput))
	},
	Equal: func(a, b any) bool {
		x, y := a.(poolState), b.(poolState)
		return x.used == y.used && maps.Equal(x.all, y.all)
	},
	Hash:              func(state any) uint64 { return uint64(len(state.(poolState).all))<<8 + uint64(state.(poolState).used) },
	DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v: %+v", in, out) },
}
