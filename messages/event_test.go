package messages

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// allEvents has one event of each kind by its name.
var allEvents = map[string]Event{
	"ConnectionLost": ConnectionLost{}, "RetryingFeature": RetryingFeature{}, "CheckoutSucceeded": CheckoutSucceeded{},
	"CheckoutFailed": CheckoutFailed{}, "Exited": Exited{}, "CheckedOut": CheckedOut{}, "CheckedIn": CheckedIn{},
	"ServerRestarted": ServerRestarted{}, "ServerReplaced": ServerReplaced{}, "FailedOver": FailedOver{},
	"LicenseLost": LicenseLost{}, "LeaseAtRisk": LeaseAtRisk{}, "ClockJumped": ClockJumped{}, "CertificateExpiring": CertificateExpiring{},
	"OutageCounted": OutageCounted{}, "DownLimitExceeded": DownLimitExceeded{},
	"AvailabilityRestored": AvailabilityRestored{}, "FeatureRestarted": FeatureRestarted{}, "EventsDropped": EventsDropped{},
}

func TestEveryEventIsNamedAfterItsType(t *testing.T) {
	for name, e := range allEvents {
		assert.Equal(t, name, Name(e))
	}
}

// What has the method isEvent in the source is what other tests of this file must know.
func TestNoEventIsMissingFromTheTests(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "event.go", nil, 0)
	require.NoError(t, err)
	found := 0
	for _, declaration := range file.Decls {
		method, ok := declaration.(*ast.FuncDecl)
		if !ok || method.Name.Name != "isEvent" {
			continue
		}
		found++
		receiver := method.Recv.List[0].Type.(*ast.Ident).Name
		_, listed := allEvents[receiver]
		assert.True(t, listed, "%s: add it to allEvents in this file; CONTRIBUTING.md, \"Add an event\", names the other places", receiver)
	}
	assert.Len(t, allEvents, found, "allEvents must have the events of event.go, and no others")
}

func TestOnlyFactsThatEndSomethingAreTerminal(t *testing.T) {
	terminal := map[string]bool{"LicenseLost": true, "Exited": true, "DownLimitExceeded": true}
	for name, e := range allEvents {
		assert.Equal(t, terminal[name], Terminal(e), name)
	}
}

func TestEventsAreFlatInJSON(t *testing.T) {
	text, err := json.Marshal(CheckoutFailed{
		Claim:  Claim{ID: 7, Feature: "f2", Version: V(1, 0), Count: 2},
		Server: Server{ID: "S1", Address: "lic1:6200"},
		Reason: NoSeats,
	})
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"id": 7, "feature": "f2", "version": {"major": 1, "minor": 0}, "count": 2,
		"server": {"id": "S1", "address": "lic1:6200"}, "reason": "NoSeats"
	}`, string(text))
}

func TestEventsCanBeWrittenAsJSON(t *testing.T) {
	for name, e := range allEvents {
		_, err := json.Marshal(e)
		assert.NoError(t, err, name)
	}
}
