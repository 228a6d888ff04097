package main

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/seatbeat/seatbeat/examples/internal/devcert"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
)

// seatbeat holds features with a runtime of seatbeat.
type seatbeat struct {
	runtime  *supervisor.Runtime
	licenses []*supervisor.License
	beaten   atomic.Int64 // acknowledged heartbeats
}

func connectSeatbeat(ctx context.Context, s setup, features int) (holder, error) {
	config, err := devcert.Client(s.Folder)
	if err != nil {
		return nil, err
	}
	h := &seatbeat{licenses: make([]*supervisor.License, features)}
	h.runtime, err = supervisor.Start(ctx, supervisor.Config{
		Transport: countingTransport{grpctransport.New(grpctransport.Config{TLS: config}), &h.beaten},
		Servers:   []transport.Address{transport.Address(s.Address)},
		Heartbeat: supervisor.Heartbeat{Attempts: 100, Interval: s.Interval},
		Callbacks: supervisor.Callbacks{OnExit: func(messages.Exited) {}},
	})
	if err != nil {
		return nil, err
	}
	return h, nil
}

var seat = messages.Checkout{Feature: feature, Version: messages.V(1, 0)}

func (h *seatbeat) hold(ctx context.Context, i int) (err error) {
	h.licenses[i], err = h.runtime.Checkout(ctx, seat)
	return err
}

func (h *seatbeat) checkout(ctx context.Context, _ int) (time.Duration, error) {
	begin := time.Now()
	license, err := h.runtime.Checkout(ctx, seat)
	took := time.Since(begin)
	if err != nil {
		return 0, err
	}
	return took, license.Checkin(ctx)
}

func (h *seatbeat) beats() int64 { return h.beaten.Load() }
func (h *seatbeat) bytes() int64 { return 0 } // the server counts

// heldSince looks at the connection, whose heartbeats name every lease.
func (h *seatbeat) heldSince(t time.Time) int {
	status := h.runtime.Status()
	for _, c := range status.Connections {
		if c.LastBeat.After(t) {
			return status.Features[messages.StateHeld]
		}
	}
	return 0
}

func (h *seatbeat) close() {
	atOnce, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = h.runtime.Close(atOnce) // the ledger of the server is not used again
}

// countingTransport counts acknowledged heartbeats, one for each lease.
type countingTransport struct {
	transport.Transport
	beaten *atomic.Int64
}

func (t countingTransport) Connect(ctx context.Context, address transport.Address) (transport.Session, error) {
	session, err := t.Transport.Connect(ctx, address)
	if err != nil {
		return nil, err
	}
	return countingSession{session, t.beaten}, nil
}

type countingSession struct {
	transport.Session
	beaten *atomic.Int64
}

func (s countingSession) Heartbeat(ctx context.Context, leases []messages.LeaseID) (transport.HeartbeatReply, error) {
	reply, err := s.Session.Heartbeat(ctx, leases)
	if err == nil {
		s.beaten.Add(int64(len(leases) - len(reply.Ended)))
	}
	return reply, err
}
