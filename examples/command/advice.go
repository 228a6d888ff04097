package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor/outagefile"
)

// advice tells a user what to do about an error of run.
func advice(err error) string {
	if e, ok := errors.AsType[*messages.UnavailableError](err); ok {
		return fmt.Sprintf("The licence server went down %d times within %s. Wait until %s, and find out why it does.",
			e.Count, e.Window, e.Until.Local().Format(time.TimeOnly))
	}
	if e, ok := errors.AsType[*messages.CheckoutError](err); ok {
		switch {
		case e.Has(messages.NoSeats):
			return "All seats are taken. Try again when somebody has finished."
		case e.Has(messages.Unanswered):
			return "A licence server was not reached. Is it running, and does a firewall let you through?"
		default:
			return "The licence does not cover this. Ask whoever bought it."
		}
	}
	if e, ok := errors.AsType[*outagefile.DamagedError](err); ok {
		return fmt.Sprintf("The file %s is damaged. Ask your administrator to look at it.", e.Path)
	}
	return "This is not about the licence."
}
