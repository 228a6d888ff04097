package supervisor_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
)

// Has tells whether a server answered "no seats", and the error of an invalid checkout names its fields.
func ExampleRuntime_Checkout() {
	ctx := context.Background()
	rt, _ := start(map[string]int{"f2": 1}, supervisor.Heartbeat{Attempts: 5}, nil)
	defer func() { _ = rt.Close(ctx) }()

	_, err := rt.Checkout(ctx, messages.Checkout{Feature: "f2", Count: 2})
	if failed, ok := errors.AsType[*messages.CheckoutError](err); ok && failed.Has(messages.NoSeats) {
		fmt.Println("all seats are taken:", err)
	}

	_, err = rt.Checkout(ctx, messages.Checkout{Feature: "f2", Count: -1})
	fmt.Println(err)

	// Output:
	// all seats are taken: checkout f2 0.0 x2: lic1:6200: NoSeats
	// checkout: Checkout.Count is -1: must be 0 (meaning 1) to 1000000
}

// Done is closed when the license is gone, and Err says why.
func ExampleLicense_Done() {
	ctx := context.Background()
	rt, server := start(map[string]int{"f2": 1}, supervisor.Heartbeat{Attempts: 5}, nil)
	defer func() { _ = rt.Close(ctx) }()
	license, _ := rt.Checkout(ctx, messages.Checkout{Feature: "f2"})

	server.RevokeFeature("f2")
	_ = license.Heartbeat(ctx) // without this call the next heartbeat would find out

	<-license.Done()
	if lost, ok := errors.AsType[*messages.LostError](license.Err()); ok {
		fmt.Println(errors.Is(lost, messages.ErrLost), lost.Reason)
	}

	// Output:
	// true Revoked
}

// Context returns a context that is cancelled when the license is gone.
func ExampleLicense_Context() {
	ctx := context.Background()
	rt, _ := start(map[string]int{"f2": 1}, supervisor.Heartbeat{Attempts: 5}, nil)
	license, _ := rt.Checkout(ctx, messages.Checkout{Feature: "f2"})

	work, cancel := license.Context(ctx)
	defer cancel()
	_ = rt.Close(ctx)

	<-work.Done()
	fmt.Println(context.Cause(work))

	// Output:
	// runtime closed
}

// Without Attempts the application sends heartbeats itself. When the server restarted meanwhile, the call recovers the
// license.
func ExampleLicense_Heartbeat() {
	ctx := context.Background()
	rt, server := start(map[string]int{"f2": 1}, supervisor.Heartbeat{}, nil)
	defer func() { _ = rt.Close(ctx) }()
	license, _ := rt.Checkout(ctx, messages.Checkout{Feature: "f2"})

	server.Restart()
	fmt.Println("restarted:", license.Heartbeat(ctx))
	server.Forget()
	fmt.Println("and lost its ledger:", license.Heartbeat(ctx))
	fmt.Println("still", license.Status().State)

	// Output:
	// restarted: <nil>
	// and lost its ledger: <nil>
	// still Held
}
