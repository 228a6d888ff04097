package supervisor_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// Every fact is an event, a plain struct. OnEvent is called with all of them, in order and one at a time.
func ExampleConfig_onEvent() {
	ctx := context.Background()
	rt, server := start(map[string]int{"f2": 1}, supervisor.Heartbeat{Attempts: 5}, func(e messages.Event) {
		switch e := e.(type) {
		case messages.CheckedOut:
			fmt.Println("checked out", e.Feature, "from", e.Server.ID)
		case messages.ServerRestarted:
			fmt.Println("restarted:", e.Server.ID, "is now in epoch", e.New.Epoch)
		case messages.CheckoutSucceeded:
			fmt.Println("held again, the same seat:", e.Resumed)
		default:
			fmt.Println(messages.Name(e))
		}
	})
	license, _ := rt.Checkout(ctx, messages.Checkout{Feature: "f2"})
	server.Restart()
	_ = license.Heartbeat(ctx) // without this call the next heartbeat would find out
	_ = rt.Close(ctx)          // waits until all events were delivered

	// Output:
	// checked out f2 from S1
	// restarted: S1 is now in epoch 2
	// RetryingFeature
	// held again, the same seat: true
	// CheckedIn
}

// Events returns a channel of all events from now on.
func ExampleRuntime_Events() {
	ctx := context.Background()
	rt, _ := start(map[string]int{"f2": 1}, supervisor.Heartbeat{Attempts: 5}, nil)
	events, stop := rt.Events(16)
	defer stop()

	license, _ := rt.Checkout(ctx, messages.Checkout{Feature: "f2"})
	_ = license.Checkin(ctx)
	fmt.Println(messages.Name(<-events))
	fmt.Println(messages.Name(<-events))

	_ = rt.Close(ctx)
	_, open := <-events
	fmt.Println("open:", open)

	// Output:
	// CheckedOut
	// CheckedIn
	// open: false
}

// Status is a snapshot, for example for an operator's page.
func ExampleRuntime_Status() {
	ctx := context.Background()
	rt, _ := start(map[string]int{"f2": 5, "f3": 5}, supervisor.Heartbeat{Attempts: 5}, nil)
	defer func() { _ = rt.Close(ctx) }()
	for _, feature := range []string{"f2", "f2", "f3"} {
		_, _ = rt.Checkout(ctx, messages.Checkout{Feature: feature})
	}
	fmt.Print(rt.Status())

	// Output:
	// lic1:6200: 3 features, 0 heartbeats failed in a row, 0 outages
	// Held: 3
}

// All faults of a configuration are returned at once, each with its field.
func ExampleConfig_Validate() {
	err := supervisor.Config{
		Transport: transporttest.NewNetwork(),
		Servers:   []transport.Address{"lic1"},
		Heartbeat: supervisor.Heartbeat{Attempts: -1},
	}.Validate()
	fmt.Println(err)
	if fault, ok := errors.AsType[*messages.FieldError](err); ok {
		fmt.Println("the first is", fault.Field)
	}

	// Output:
	// Servers[0] is "lic1": must be host:port: address lic1: missing port in address
	// Heartbeat.Attempts is -1: must be 0 (meaning the default) to 10000
	// the first is Servers[0]
}
