// Protoactor is a service that uses protoactor itself. It shows how to share an actor system with seatbeat: seatbeat runs
// its actors there, publishes each event on the system's EventStream, and Close leaves the system running. The desk, an
// actor of the service, subscribes to the events, and takes orders only while it holds a seat of render.
//
//	go run ./examples/server       # in one terminal
//	go run ./examples/protoactor   # in another: stop the server for some minutes, then start it again
//
// It logs an order a second:
//
//	INFO ordered number=2 answer="order 2: taken" error=<nil>
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	system := actor.NewActorSystem() // the service has other actors in it
	defer system.Shutdown()
	servers := grpctransport.New(grpctransport.Config{Insecure: true}) // in production: TLS: tlsConfig
	if err := serve(ctx, system, servers, orderNow); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve runs a desk until the customer returns, which it does when ctx ends. Then it gives the seat back.
func serve(ctx context.Context, system *actor.ActorSystem, servers transport.Transport, customer func(context.Context, *actor.ActorSystem, *actor.PID)) error {
	rt, err := supervisor.Start(ctx, supervisor.Config{
		System:    system,
		Transport: servers,
		Servers:   []transport.Address{"127.0.0.1:6200"},
		Heartbeat: supervisor.Heartbeat{Attempts: 3, Interval: 30 * time.Second},
		Callbacks: supervisor.Callbacks{OnExit: func(messages.Exited) { /* the desk learns it by LicenseLost */ }},
	})
	if err != nil {
		return err
	}
	pid := system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return &desk{rt: rt} }))
	customer(ctx, system, pid)
	system.Root.Stop(pid)
	closeCtx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // ctx may have ended
	defer cancel()
	return rt.Close(closeCtx)
}

// orderNow is a customer that orders once a second.
func orderNow(ctx context.Context, system *actor.ActorSystem, desk *actor.PID) {
	for n := 1; ctx.Err() == nil; n++ {
		answer, err := system.Root.RequestFuture(desk, order{n}, time.Second).Result()
		slog.Info("ordered", "number", n, "answer", answer, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}
