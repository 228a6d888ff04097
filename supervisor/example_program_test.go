package supervisor_test

import (
	"context"
	"fmt"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// A whole program takes two seats, works while it holds them, and returns them at its end.
func Example_program() {
	network := transporttest.NewNetwork() // in production: grpctransport.New
	server := network.AddServer("lic1.example:6200", map[string]int{"f2": 5})

	ctx := context.Background() // of the service
	rt, err := supervisor.Start(ctx, supervisor.Config{
		Transport: network,
		Servers:   []transport.Address{"lic1.example:6200", "lic2.example:6200"}, // search order
		Heartbeat: supervisor.Heartbeat{Attempts: 5, Interval: time.Minute},
		Callbacks: supervisor.Callbacks{OnExit: func(e messages.Exited) { fmt.Println("shut down:", e.Cause) }},
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	license, err := rt.Checkout(ctx, messages.Checkout{Feature: "f2", Version: messages.V(1, 0), Count: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("held:", license.Status().Claim, "- seats in use:", server.Held("f2"))

	jobs := make(chan string, 1)
	jobs <- "a drawing"
	select {
	case <-license.Done():
		fmt.Println("gone:", license.Err())
	case job := <-jobs:
		fmt.Println("work:", job)
	}

	fmt.Println("checkin:", license.Checkin(ctx), "- seats in use:", server.Held("f2"))

	closeCtx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // the service's context has ended
	defer cancel()
	fmt.Println("close:", rt.Close(closeCtx))

	// Output:
	// held: f2 1.0 x2 - seats in use: 2
	// work: a drawing
	// checkin: <nil> - seats in use: 0
	// close: <nil>
}

// start starts a runtime with one fake server, for the examples.
func start(seats map[string]int, h supervisor.Heartbeat, onEvent func(messages.Event)) (*supervisor.Runtime, *transporttest.Server) {
	network := transporttest.NewNetwork()
	server := network.AddServer("lic1:6200", seats)
	rt, err := supervisor.Start(context.Background(), supervisor.Config{
		Transport: network,
		Servers:   []transport.Address{"lic1:6200"},
		Heartbeat: h,
		Callbacks: supervisor.Callbacks{OnExit: func(messages.Exited) {}},
		OnEvent:   onEvent,
	})
	if err != nil {
		panic(err)
	}
	return rt, server
}
