package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor/outagefile"
)

// advice says what a user can do about an error of run.
func advice(err error) string {
	if e, ok := errors.AsType[*messages.UnavailableError](err); ok {
		return fmt.Sprintf("The licence server went down %d times within %s. Wait until %s, and find out why.",
			e.Count, e.Window, e.Until.Local().Format(time.TimeOnly))
	}
	if e, ok := errors.AsType[*messages.CheckoutError](err); ok {
		switch {
		case e.Has(messages.NoSeats):
			return "All seats are in use. Try again later."
		case e.Has(messages.Unanswered):
			return "A licence server did not answer. Is it running, and does a firewall block it?"
		default:
			return "The licence does not cover this. Ask whoever manages your licences."
		}
	}
	if e, ok := errors.AsType[*outagefile.DamagedError](err); ok {
		return fmt.Sprintf("The file %s is damaged. Ask your administrator to look at it.", e.Path)
	}
	return "This has nothing to do with the licence."
}
