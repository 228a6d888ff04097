package messages

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

var sentinels = []error{ErrLost, ErrExited, ErrUnavailable, ErrCheckedIn, ErrClosed}

func TestTypedErrorsAreTheirSentinelAndNoOther(t *testing.T) {
	for _, c := range []struct{ err, want error }{
		{&LostError{Reason: Revoked}, ErrLost},
		{&ExitedError{Failed: 5}, ErrExited},
		{&UnavailableError{Count: 11, Max: 10}, ErrUnavailable},
	} {
		var is []error
		for _, sentinel := range sentinels {
			if errors.Is(fmt.Errorf("checkout: %w", c.err), sentinel) {
				is = append(is, sentinel)
			}
		}
		assert.Equal(t, []error{c.want}, is, "%T", c.err)
	}
}

func TestErrorsSayWhatHappenedAndWhere(t *testing.T) {
	server := Server{ID: "S1", Address: "lic1:6200"}
	for want, err := range map[string]error{
		"license lost: f2 1.0 x1 at lic1:6200: Revoked: by an administrator": &LostError{
			Claim: Claim{Feature: "f2", Version: V(1, 0), Count: 1}, Server: server, Reason: Revoked, Message: "by an administrator",
		},
		"no licence server reached: 5 heartbeats failed in a row, servers tried: lic1:6200, lic2:6200; last cause: refused": &ExitedError{
			Servers: []Address{"lic1:6200", "lic2:6200"}, Failed: 5, Cause: "refused",
		},
		"license servers were down too often: lic1:6200 11 times within 1h0m0s, 10 are allowed; available again at 2026-01-02T03:04:05Z": &UnavailableError{
			Server: server, Count: 11, Max: 10, Window: time.Hour, Until: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		},
		"checkout f2 1.0 x1: lic1:6200: NoSeats; lic2:6200: Unanswered: connection refused": &CheckoutError{
			Checkout: Checkout{Feature: "f2", Version: V(1, 0)},
			Answers: []Answer{
				{Server: server, Reason: NoSeats},
				{Server: Server{Address: "lic2:6200"}, Reason: Unanswered, Message: "connection refused"},
			},
		},
		"Heartbeat.Interval is negative": &FieldError{Field: "Heartbeat.Interval", Problem: "is negative"},
	} {
		assert.EqualError(t, err, want)
	}
}

func TestCheckoutErrorKnowsItsReasons(t *testing.T) {
	err := &CheckoutError{Answers: []Answer{{Reason: Unanswered}, {Reason: NoSeats}}}
	assert.True(t, err.Has(NoSeats))
	assert.True(t, err.Has(Unanswered))
	assert.False(t, err.Has(NoSuchFeature))
}
