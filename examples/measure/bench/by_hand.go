package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/seatbeat/seatbeat/examples/internal/devcert"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// byHand holds features as people do who write it themselves. Each feature has a goroutine with a ticker, which sends a
// heartbeat for its lease in a call of its own, and takes another seat when the lease has ended.
type byHand struct {
	marks
	conn     *grpc.ClientConn
	seats    wire.SeatsClient
	caller   *wire.Caller
	interval time.Duration
	live     context.Context
	end      context.CancelFunc
	keepers  sync.WaitGroup
}

func connectByHand(ctx context.Context, s setup, features int) (holder, error) {
	config, err := devcert.Client(s.Folder)
	if err != nil {
		return nil, err
	}
	conn, err := grpc.NewClient(s.Address, grpc.WithTransportCredentials(credentials.NewTLS(config)),
		grpc.WithUnaryInterceptor(inTurn(s.Callers)))
	if err != nil {
		return nil, err
	}
	h := &byHand{marks: newMarks(features), conn: conn, seats: wire.NewSeatsClient(conn), interval: s.Interval}
	instance := id()
	reply, err := h.seats.Connect(ctx, &wire.ConnectRequest{Instance: instance, Name: "by-hand"})
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	h.caller = &wire.Caller{Instance: instance, Session: reply.GetSession()}
	h.live, h.end = context.WithCancel(context.Background())
	return h, nil
}

// inTurn allows a number of calls at the same time. Without it, more calls than the server accepts at the same time wake
// each other again and again, and 100,000 features cannot be held.
func inTurn(calls int) grpc.UnaryClientInterceptor {
	turns := make(chan struct{}, calls)
	return func(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, call grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		select {
		case turns <- struct{}{}:
			defer func() { <-turns }()
			return call(ctx, method, req, reply, conn, opts...)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (h *byHand) hold(ctx context.Context, i int) error {
	lease, err := h.take(ctx)
	if err != nil {
		return err
	}
	h.keepers.Go(func() { h.keep(i, lease) })
	return nil
}

// keep sends heartbeats for a lease until the holder is closed. The first one is sent at a random time of the interval.
func (h *byHand) keep(i int, lease []byte) {
	select {
	case <-time.After(mathrand.N(h.interval)):
	case <-h.live.Done():
		return
	}
	ticker := time.NewTicker(h.interval)
	defer ticker.Stop()
	for {
		lease = h.beat(i, lease)
		select {
		case <-ticker.C:
		case <-h.live.Done():
			return
		}
	}
}

// beat sends a heartbeat, and returns the lease that is held afterwards: another one if the server says that it has ended.
func (h *byHand) beat(i int, lease []byte) []byte {
	ctx, cancel := context.WithTimeout(h.live, h.interval)
	defer cancel()
	reply, err := h.seats.Heartbeat(ctx, &wire.HeartbeatRequest{Caller: h.caller, Leases: lease})
	if err != nil {
		return lease // and try again at the next tick
	}
	if len(reply.GetEnded()) > 0 {
		again, err := h.take(ctx)
		if err != nil {
			return lease
		}
		lease = again
	}
	h.acknowledged(i)
	return lease
}

// take takes a seat and returns its lease.
func (h *byHand) take(ctx context.Context) ([]byte, error) {
	reply, err := h.seats.Checkout(ctx, &wire.CheckoutRequest{
		Caller: h.caller, Takes: []*wire.Take{{Request: id(), Feature: feature, Major: 1, Count: 1}},
	})
	if err != nil {
		return nil, err
	}
	o := reply.GetOutcomes()[0]
	if o.GetResult() != wire.Result_RESULT_GRANTED {
		return nil, fmt.Errorf("no seat: %s %s", o.GetReason(), o.GetMessage())
	}
	return o.GetLease(), nil
}

func (h *byHand) checkout(ctx context.Context, _ int) (time.Duration, error) {
	begin := time.Now()
	lease, err := h.take(ctx)
	took := time.Since(begin)
	if err != nil {
		return 0, err
	}
	_, err = h.seats.Checkin(ctx, &wire.CheckinRequest{Caller: h.caller, Leases: lease})
	return took, err
}

func (h *byHand) bytes() int64 { return 0 } // the server counts

func (h *byHand) close() {
	h.end()
	h.keepers.Wait()
	_ = h.conn.Close()
}

// id returns a random id.
func id() []byte {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return b
}
