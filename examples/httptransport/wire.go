package httptransport

import (
	"encoding/hex"
	"fmt"

	"github.com/seatbeat/seatbeat/messages"
)

// maxBody bounds what either side reads, in bytes. The largest checkout needs less.
const maxBody = 4 << 20

// Paths of the calls.
const (
	pathConnect   = "/connect"
	pathCheckout  = "/checkout"
	pathHeartbeat = "/heartbeat"
	pathCheckin   = "/checkin"
)

// id is 16 bytes, in hexadecimal.
type id [16]byte

func (i id) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, i[:]), nil }

func (i *id) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(i)) {
		return fmt.Errorf("an id of %d characters", len(text))
	}
	_, err := hex.Decode(i[:], text)
	return err
}

// hello is in every answer.
type hello struct {
	messages.Identity
	ClientTimeout int64 `json:"client_timeout_ms"`
}

type (
	connectRequest struct {
		Instance id     `json:"instance"`
		Name     string `json:"name,omitempty"`
		User     string `json:"user,omitempty"`
		Host     string `json:"host,omitempty"`
		Share    string `json:"share,omitempty"`
	}
	connectReply struct {
		Hello   hello `json:"hello"`
		Session id    `json:"session"` // every further call sends it
	}
)

type (
	checkoutRequest struct {
		Session id     `json:"session"`
		Takes   []take `json:"takes"`
	}
	take struct {
		Request  id               `json:"request"`
		Feature  string           `json:"feature"`
		Version  messages.Version `json:"version"`
		Count    int              `json:"count"`
		Exact    bool             `json:"exact,omitempty"`
		Replaces []id             `json:"replaces,omitempty"`
		Wait     int64            `json:"wait_ms,omitempty"`
	}
	checkoutReply struct {
		Hello    hello     `json:"hello"`
		Outcomes []outcome `json:"outcomes"` // one for each take, in their order
	}
	outcome struct {
		Result     string           `json:"result"` // a value of results
		Lease      id               `json:"lease,omitzero"`
		Version    messages.Version `json:"version,omitzero"`
		Local      bool             `json:"local,omitempty"`
		Overdraft  bool             `json:"overdraft,omitempty"`
		Reason     messages.Reason  `json:"reason,omitempty"`
		Message    string           `json:"message,omitempty"`
		RetryAfter int64            `json:"retry_after_ms,omitempty"`
	}
)

type (
	heartbeatRequest struct {
		Session id   `json:"session"`
		Leases  []id `json:"leases"`
	}
	heartbeatReply struct {
		Hello     hello   `json:"hello"`
		Ended     []ended `json:"ended,omitempty"`
		NotBefore int64   `json:"not_before_ms,omitempty"`
	}
	ended struct {
		Lease  id              `json:"lease"`
		Reason messages.Reason `json:"reason"`
	}
)

type (
	checkinRequest struct {
		Session id            `json:"session"`
		Returns []seatsReturn `json:"returns"`
	}
	seatsReturn struct {
		Lease   id `json:"lease,omitzero"`
		Request id `json:"request,omitzero"`
	}
	checkinReply struct {
		Hello hello `json:"hello"`
	}
)

// refusal is the body of a status 422.
type refusal struct {
	Hello      hello           `json:"hello"`
	Reason     messages.Reason `json:"reason"`
	Message    string          `json:"message,omitempty"`
	RetryAfter int64           `json:"retry_after_ms,omitempty"`
}
