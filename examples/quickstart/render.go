package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// line is what the timeline shows of one event.
type line struct {
	feature string
	server  string
	event   string
	words   string
}

// render returns the line with its columns; width is that of the servers'.
func (l line) render(width int, colour bool) string {
	event := paint(colour, hue(l.event), fmt.Sprintf("%-17s", l.event))
	return strings.TrimRight(fmt.Sprintf("%-10s %-*s  %s  %s", l.feature, width, l.server, event, l.words), " ")
}

// describe says what an event means, in a few words.
func describe(e messages.Event, names map[messages.Address]string) line {
	l := line{event: messages.Name(e)}
	claim, server, words := ofFeature(e)
	if words == "" {
		server, words = ofServer(e)
	}
	l.words = words
	if claim.Feature != "" {
		l.feature = fmt.Sprintf("%s x%d", claim.Feature, claim.Count)
	}
	if l.server = names[server.Address]; l.server == "" {
		l.server = string(server.Address)
	}
	return l
}

// ofFeature describes the events of one checkout.
func ofFeature(e messages.Event) (messages.Claim, messages.Server, string) {
	switch e := e.(type) {
	case messages.CheckedOut:
		return e.Claim, e.Server, "seats granted"
	case messages.CheckedIn:
		return e.Claim, e.Server, "seats given back"
	case messages.RetryingFeature:
		return e.Claim, e.Server, "the server answered: the seats are asked for"
	case messages.CheckoutSucceeded:
		if e.Resumed {
			return e.Claim, e.Server, "resumed: the same seats as before"
		}
		return e.Claim, e.Server, "taken again: new seats in place of the lost ones"
	case messages.CheckoutFailed:
		return e.Claim, e.Server, "not granted: " + because(e.Reason, e.Message)
	case messages.FailedOver:
		return e.Claim, e.To, "the seats are from here now"
	case messages.LicenseLost:
		return e.Claim, e.Server, fmt.Sprintf("the licence is gone (%s): %s", e.State, because(e.Reason, e.Message))
	case messages.FeatureRestarted:
		return e.Claim, messages.Server{}, "repaired after a defect: " + e.Cause
	default:
		return messages.Claim{}, messages.Server{}, ""
	}
}

// ofServer describes all other events.
func ofServer(e messages.Event) (messages.Server, string) {
	switch e := e.(type) {
	case messages.ConnectionLost:
		return e.Server, fmt.Sprintf("failed heartbeat %d in a row: %s", e.Failed, e.Cause)
	case messages.Exited:
		return messages.Server{}, fmt.Sprintf("gave up %s: no server reached", strings.Join(e.Names, ", "))
	case messages.ServerRestarted:
		return e.Server, "another life of the server answered"
	case messages.ServerReplaced:
		return e.Server, "it does not know the old leases"
	case messages.LeaseAtRisk:
		return e.Server, fmt.Sprintf("unheard for %s of %s: the seats may be given away", round(e.Age), round(e.Timeout))
	case messages.ClockJumped:
		return messages.Server{}, fmt.Sprintf("the clock jumped by %s: was the machine suspended?", round(e.By))
	case messages.OutageCounted:
		return e.Server, fmt.Sprintf("outage %d within %s", e.Count, e.Window)
	case messages.DownLimitExceeded:
		return e.Server, fmt.Sprintf("too many outages: unavailable until %s", e.Until.Format(time.TimeOnly))
	case messages.AvailabilityRestored:
		return messages.Server{}, "checkouts work again"
	case messages.EventsDropped:
		return messages.Server{}, fmt.Sprintf("%d events were dropped: this reader is too slow", e.Number)
	default:
		return messages.Server{}, ""
	}
}

func because(reason messages.Reason, message string) string {
	if message == "" {
		return reason.String()
	}
	return reason.String() + ", " + message
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }

// asJSON returns an event as one line of JSON: its name, the time, then its own fields.
func asJSON(e messages.Event, now time.Time) string {
	head, _ := json.Marshal(struct {
		Event string    `json:"event"`
		Time  time.Time `json:"time"`
	}{messages.Name(e), now.UTC().Truncate(time.Millisecond)})
	fields, err := json.Marshal(e)
	if err != nil || string(fields) == "{}" {
		return string(head)
	}
	return strings.TrimSuffix(string(head), "}") + "," + strings.TrimPrefix(string(fields), "{")
}

// Colours of a terminal.
const (
	bold, faint        = "1", "2"
	red, green, yellow = "31", "32", "33"
)

func paint(colour bool, style, text string) string {
	if !colour {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}

// hue returns the colour of an event: green is good, red is bad, yellow is being dealt with.
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
