package httptransport_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"

	"github.com/seatbeat/seatbeat/examples/httptransport"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/transport"
)

// A runtime over this transport is like any other: here it resumes its seat after the server was restarted.
func ExampleTransport() {
	ctx := context.Background()
	server := httptransport.NewServer(map[string]httptransport.Feature{"cad": {Version: messages.V(2, 1), Seats: 3}})
	site := httptest.NewServer(server)
	defer site.Close()

	rt, err := supervisor.Start(ctx, supervisor.Config{
		Transport: httptransport.Transport{},
		Servers:   []transport.Address{transport.Address(strings.TrimPrefix(site.URL, "http://"))},
		OnEvent:   func(e messages.Event) { fmt.Println(messages.Name(e)) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	license, err := rt.Checkout(ctx, messages.Checkout{Feature: "cad", Version: messages.V(2, 0)})
	if err != nil {
		fmt.Println(err)
		return
	}
	server.Restart()
	_ = license.Heartbeat(ctx) // a moment later an automatic heartbeat would find out by itself, if they were on
	_ = rt.Close(ctx)

	// Output:
	// CheckedOut
	// ServerRestarted
	// RetryingFeature
	// CheckoutSucceeded
	// CheckedIn
}
