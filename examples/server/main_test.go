package main

import (
	"context"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
)

func TestARestartedServerStillKnowsWhoHoldsWhichSeats(t *testing.T) {
	ledger := filepath.Join(t.TempDir(), "ledger")
	address, stop := run(t, "127.0.0.1:0", ledger)
	events := make(chan messages.Event, 100)
	rt, err := supervisor.Start(t.Context(), supervisor.Config{
		Transport: grpctransport.New(grpctransport.Config{Insecure: true}),
		Servers:   []transport.Address{transport.Address(address)},
		OnEvent:   func(e messages.Event) { events <- e },
	})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	license, err := rt.Checkout(ctx, messages.Checkout{Feature: "render", Version: messages.V(1, 0), Count: 4})
	require.NoError(t, err)

	stop()
	_, stop = run(t, address, ledger)
	require.NoError(t, license.Heartbeat(ctx))
	require.NoError(t, rt.Close(ctx))
	stop()
	close(events)
	var names []string
	for e := range events {
		names = append(names, messages.Name(e))
	}
	assert.Equal(t, []string{"CheckedOut", "ServerRestarted", "RetryingFeature", "CheckoutSucceeded", "CheckedIn"}, names)
}

// run starts a server, and returns its address and what stops it.
func run(t *testing.T, address, ledger string) (string, func()) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- serve(ctx, listener, ledger) }()
	return listener.Addr().String(), func() {
		cancel()
		require.NoError(t, <-served)
	}
}
