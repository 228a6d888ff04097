// Workerpool is a pool of workers that take jobs only while the pool holds a seat. When the licence is gone they finish
// the job in hand and take no other; the pool asks for a seat again from time to time, and goes on when it has one.
//
//	go run ./examples/server       # in one terminal
//	go run ./examples/workerpool   # in another: stop the server for some minutes, then start it again
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

// run lets the pool work until there are no jobs left or ctx ends, and gives the seat back.
func run(ctx context.Context, servers transport.Transport, p *pool) error {
	rt, err := supervisor.Start(ctx, supervisor.Config{
		Transport: servers,
		Servers:   []transport.Address{"127.0.0.1:6200"},
		Heartbeat: supervisor.Heartbeat{Attempts: 3, Interval: 30 * time.Second},
		Callbacks: supervisor.Callbacks{OnExit: func(messages.Exited) { /* the pool goes on when a server is back */ }},
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
