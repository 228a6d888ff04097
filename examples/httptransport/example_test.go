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
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// The runtime works over this transport as over any other. Here it resumes its lease after a restart of the server.
func ExampleTransport() {
	ctx := context.Background()
	network := transporttest.NewNetwork()
	server := network.AddServer("backend", map[string]int{"cad": 3})
	gateway := httptransport.NewGateway(network, "backend")
	defer func() { _ = gateway.Close() }()
	site := httptest.NewServer(gateway)
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
	_ = license.Heartbeat(ctx) // automatic heartbeats are off: the application sends this one
	_ = rt.Close(ctx)

	// Output:
	// CheckedOut
	// ServerRestarted
	// RetryingFeature
	// CheckoutSucceeded
	// CheckedIn
}
