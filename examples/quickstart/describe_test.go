package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
)

var (
	cad = messages.Claim{ID: 1, Feature: "cad", Version: messages.V(2, 1), Count: 2}
	s1  = messages.Server{ID: "K7", Address: "127.0.0.1:6200"}
)

var everyEvent = []messages.Event{
	messages.ConnectionLost{}, messages.RetryingFeature{}, messages.CheckoutSucceeded{}, messages.CheckoutFailed{},
	messages.Exited{}, messages.CheckedOut{}, messages.CheckedIn{}, messages.ServerRestarted{}, messages.ServerReplaced{},
	messages.FailedOver{}, messages.LicenseLost{}, messages.LeaseAtRisk{}, messages.ClockJumped{}, messages.OutageCounted{},
	messages.DownLimitExceeded{}, messages.AvailabilityRestored{}, messages.FeatureRestarted{}, messages.EventsDropped{},
	messages.CertificateExpiring{},
}

func TestEveryEventIsExplained(t *testing.T) {
	source, err := os.ReadFile("../../messages/event.go")
	require.NoError(t, err)
	require.Len(t, everyEvent, strings.Count(string(source), ") isEvent()"), "an event is missing from this test")
	for _, e := range everyEvent {
		assert.NotEmpty(t, describe(e).words, messages.Name(e))
	}
}

func TestALineHasColumns(t *testing.T) {
	for want, e := range map[string]messages.Event{
		"CheckedOut         S1  cad x2: seats granted":              messages.CheckedOut{Claim: cad, Server: s1},
		"ConnectionLost     S1  heartbeat failed (2 in a row)":      messages.ConnectionLost{Server: s1, Failed: 2, Cause: "no network"},
		"CheckoutFailed     S1  cad x2: refused (NoSeats)":          messages.CheckoutFailed{Claim: cad, Server: s1, Reason: messages.NoSeats},
		"Exited                 no server reached: gave up cad, f2": messages.Exited{Names: []string{"cad", "f2"}},
	} {
		server := ""
		if describe(e).server == s1 {
			server = "S1"
		}
		assert.Equal(t, want, describe(e).line(e, server, 2, false))
	}
}

func TestOnlyTheNameOfTheEventIsInColour(t *testing.T) {
	e := messages.LicenseLost{Claim: cad, Server: s1}
	text := describe(e).line(e, "S1", 2, true)
	assert.Contains(t, text, "\x1b[31mLicenseLost      \x1b[0m")
	assert.Equal(t, 2, strings.Count(text, "\x1b"))
}

func TestSeatsAreBlocksOfColour(t *testing.T) {
	picture := draw([]row{{"S1", []pool{{"cad", []string{serviceA, programB, ""}}}}}, true)
	for _, seat := range []string{"\x1b[1;30;42m A \x1b[0m", "\x1b[1;30;45m B \x1b[0m", "\x1b[2m[ ]\x1b[0m"} {
		assert.Contains(t, picture, seat)
	}
}

func TestEveryEventIsOneLineOfJSON(t *testing.T) {
	now := time.Date(2026, time.November, 24, 12, 0, 0, 123456789, time.UTC)
	for _, e := range everyEvent {
		text := asJSON(e, now)
		require.NotContains(t, text, "\n")
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &fields), text)
		assert.Equal(t, messages.Name(e), fields["event"])
		assert.Equal(t, "2026-11-24T12:00:00.123Z", fields["time"])
	}
}

func TestJSONHasTheFieldsOfTheEvent(t *testing.T) {
	assert.JSONEq(t, `{
		"event": "CheckoutSucceeded", "time": "2026-11-24T12:00:00Z",
		"id": 1, "feature": "cad", "version": {"major": 2, "minor": 1}, "count": 2,
		"server": {"id": "K7", "address": "127.0.0.1:6200"}, "resumed": true
	}`, asJSON(messages.CheckoutSucceeded{Claim: cad, Server: s1, Resumed: true}, time.Date(2026, time.November, 24, 12, 0, 0, 0, time.UTC)))
}
