package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// description is what an event means.
type description struct {
	claim  messages.Claim  // zero for an event that is not about one checkout
	server messages.Server // zero for an event that is not about one server
	words  string          // fit on a line
	cause  string          // may be long, or empty
}

// line prints an event in columns: its name, the server, what it means. The server's column is so wide.
func (d description) line(e messages.Event, server string, width int, colour bool) string {
	name, words := messages.Name(e), d.words
	if d.claim.Feature != "" {
		words = fmt.Sprintf("%s x%d: %s", d.claim.Feature, d.claim.Count, words)
	}
	return fmt.Sprintf("%s  %-*s  %s", paint(colour, hue(name), fmt.Sprintf("%-17s", name)), width, server, words)
}

func describe(e messages.Event) description {
	if d := ofFeature(e); d.words != "" {
		return d
	}
	return ofServer(e)
}

// ofFeature describes the events of one checkout.
func ofFeature(e messages.Event) description {
	switch e := e.(type) {
	case messages.CheckedOut:
		return description{e.Claim, e.Server, "seats granted", ""}
	case messages.CheckedIn:
		return description{e.Claim, e.Server, "seats given back", ""}
	case messages.RetryingFeature:
		return description{e.Claim, e.Server, "asking for the seats again", ""}
	case messages.CheckoutSucceeded:
		if e.Resumed {
			return description{e.Claim, e.Server, "resumed, the same seats as before", ""}
		}
		return description{e.Claim, e.Server, "granted anew, in place of the old seats", ""}
	case messages.CheckoutFailed:
		return description{e.Claim, e.Server, fmt.Sprintf("refused (%s)", e.Reason), e.Message}
	case messages.FailedOver:
		return description{e.Claim, e.To, "from now on held from this server", ""}
	case messages.LicenseLost:
		return description{e.Claim, e.Server, fmt.Sprintf("the licence has ended (%s)", e.State), because(e.Reason, e.Message)}
	case messages.FeatureRestarted:
		return description{e.Claim, messages.Server{}, "repaired after a defect of seatbeat", e.Cause}
	default:
		return description{}
	}
}

// ofServer describes all other events.
func ofServer(e messages.Event) description {
	d := description{}
	switch e := e.(type) {
	case messages.ConnectionLost:
		d = description{server: e.Server, words: fmt.Sprintf("heartbeat failed (%d in a row)", e.Failed), cause: e.Cause}
	case messages.Exited:
		d = description{words: "no server reached: gave up " + strings.Join(e.Names, ", "), cause: e.Cause}
	case messages.ServerRestarted:
		d = description{server: e.Server, words: "the server has restarted"}
	case messages.ServerReplaced:
		d = description{server: e.Server, words: "the server does not know our leases"}
	case messages.LeaseAtRisk:
		d = description{server: e.Server, words: fmt.Sprintf("no heartbeat acknowledged for %s: after %s the server may give the seats away",
			round(e.Age), round(e.Timeout))}
	case messages.ClockJumped:
		d = description{words: fmt.Sprintf("the clock jumped by %s: was the machine suspended?", round(e.By))}
	case messages.CertificateExpiring:
		d = description{words: fmt.Sprintf("the client's certificate expires in %s", e.Left), cause: e.Fault}
	case messages.OutageCounted:
		d = description{server: e.Server, words: fmt.Sprintf("outage %d within %s", e.Count, e.Window)}
	case messages.DownLimitExceeded:
		d = description{server: e.Server, words: fmt.Sprintf("too many outages: no seats until %s", e.Until.Format(time.TimeOnly))}
	case messages.AvailabilityRestored:
		d = description{words: "checkouts work again"}
	case messages.EventsDropped:
		d = description{words: fmt.Sprintf("%d events were dropped: the reader of the output is too slow", e.Number)}
	}
	return d
}

func because(reason messages.Reason, message string) string {
	if message == "" {
		return reason.String()
	}
	return reason.String() + ", " + message
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }

// hue returns the colour of an event: green is good, red is bad, yellow is in between.
func hue(event string) string {
	switch event {
	case "CheckedOut", "CheckedIn", "CheckoutSucceeded", "FailedOver", "AvailabilityRestored":
		return green
	case "ConnectionLost", "CheckoutFailed", "LicenseLost", "Exited", "DownLimitExceeded", "EventsDropped":
		return red
	default:
		return yellow
	}
}
