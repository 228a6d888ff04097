// Workerpool is a pool of four workers that take jobs only while the pool holds a seat of render. It shows a service that
// outlives its licence: when the licence ends, each worker finishes its job and takes no other, and the pool checks out
// again every 10 s until it has a seat.
//
//	go run ./examples/server       # in one terminal
//	go run ./examples/workerpool   # in another: stop the server for some minutes, then start it again
//
// It logs four jobs a second, as "INFO rendered job=2", and what happens to its licence.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	jobs := make(chan int)
	go func() {
		defer close(jobs)
		for job := range 1000 {
			select {
			case jobs <- job:
			case <-ctx.Done():
				return
			}
		}
	}()
	servers := grpctransport.New(grpctransport.Config{Insecure: true}) // in production: TLS: tlsConfig
	if err := run(ctx, servers, &pool{jobs: jobs, do: render}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// render stands for the work.
func render(job int) {
	time.Sleep(time.Second)
	slog.Info("rendered", "job", job)
}

// run lets the pool work until no job is left or ctx ends, and gives the seat back.
func run(ctx context.Context, servers transport.Transport, p *pool) error {
	rt, err := supervisor.Start(ctx, supervisor.Config{
		Transport: servers,
		Servers:   []transport.Address{"127.0.0.1:6200"},
		Heartbeat: supervisor.Heartbeat{Attempts: 3, Interval: 30 * time.Second},
		Callbacks: supervisor.Callbacks{OnExit: func(messages.Exited) { /* the pool waits for a server */ }},
		Logger:    slog.Default(),
	})
	if err != nil {
		return err
	}
	p.work(ctx, rt)
	closeCtx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // ctx may have ended
	defer cancel()
	return rt.Close(closeCtx)
}
