package supervisor

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// fieldsOf returns the fields that a joined error names, in order.
func fieldsOf(err error) (fields []string) {
	var walk func(error)
	walk = func(err error) {
		switch e := err.(type) { //nolint:errorlint // it takes the tree apart
		case *messages.FieldError:
			fields = append(fields, e.Field)
		case interface{ Unwrap() []error }:
			for _, inner := range e.Unwrap() {
				walk(inner)
			}
		case interface{ Unwrap() error }:
			walk(e.Unwrap())
		}
	}
	walk(err)
	return fields
}

// servers returns n addresses.
func servers(n int) (list []transport.Address) {
	for i := range n {
		list = append(list, transport.Address(fmt.Sprintf("s%d:1", i+1)))
	}
	return list
}

func TestStartTellsAllFaultsAtOnceEachByItsField(t *testing.T) {
	_, err := Start(t.Context(), Config{
		Servers: []transport.Address{"s1:1", "s1", ":1", "s2:0", "s2:65536", "s1:1"},
		Heartbeat: Heartbeat{
			Attempts: -1, Interval: -time.Second, FailoverRounds: MaxAttempts + 1,
		},
		ConnectTimeout: MaxInterval + 1,
		DownLimit:      DownLimit{Max: -1, Window: -1, Count: CountRestarts + 1},
	})
	assert.Equal(t, []string{
		"Transport", "Servers[1]", "Servers[2]", "Servers[3]", "Servers[4]", "Servers[5]",
		"Heartbeat.Attempts", "Heartbeat.FailoverRounds", "Heartbeat.Interval", "ConnectTimeout",
		"DownLimit.Max", "DownLimit.Window", "DownLimit.Count",
	}, fieldsOf(err))
}

func TestStartNamesTheOneFault(t *testing.T) {
	valid := func() Config {
		return Config{Transport: transporttest.NewNetwork(), Servers: servers(1)}
	}
	for field, spoil := range map[string]func(*Config){
		"Transport":                func(c *Config) { c.Transport = nil },
		"Servers":                  func(c *Config) { c.Servers = nil },
		"Servers[1]":               func(c *Config) { c.Servers = []transport.Address{"[::1]:6200", "::1:6200"} },
		"Heartbeat.Attempts":       func(c *Config) { c.Heartbeat.Attempts = MaxAttempts + 1 },
		"Heartbeat.FailoverRounds": func(c *Config) { c.Heartbeat.FailoverRounds = -1 },
		"Heartbeat.Interval":       func(c *Config) { c.Heartbeat.Interval = MaxInterval + 1 },
		"ConnectTimeout":           func(c *Config) { c.ConnectTimeout = -1 },
		"DownLimit.Max":            func(c *Config) { c.DownLimit.Max = MaxOutages + 1 },
		"DownLimit.Window":         func(c *Config) { c.DownLimit.Window = MaxWindow + 1 },
	} {
		t.Run(field, func(t *testing.T) {
			c := valid()
			require.NoError(t, c.Validate())
			spoil(&c)
			rt, err := Start(t.Context(), c)
			assert.Nil(t, rt)
			assert.Equal(t, []string{field}, fieldsOf(err))
		})
	}
}

func TestStartTakesTheLongestSearchListAndNoLonger(t *testing.T) {
	c := Config{Transport: transporttest.NewNetwork(), Servers: servers(MaxServers)}
	require.NoError(t, c.Validate())
	c.Servers = servers(MaxServers + 1)
	assert.Equal(t, []string{"Servers"}, fieldsOf(c.Validate()))
}

func TestStartDoesNotConnect(t *testing.T) {
	onStage(t, 2, nil, func(s *stage) {
		s.pass(time.Hour)
		assert.Empty(s, s.wire.Calls(transporttest.Connects))
	})
}

func TestStartWithAnEndedContextReturnsItsCause(t *testing.T) {
	reason := errors.New("no time")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(reason)
	_, err := Start(ctx, Config{Transport: transporttest.NewNetwork(), Servers: servers(1)})
	assert.ErrorIs(t, err, reason)
}

func TestTheContextOfStartBoundsOnlyTheStart(t *testing.T) {
	onStage(t, 1, nil, func(s *stage) {
		ctx, cancel := context.WithCancel(s.Context())
		rt, err := Start(ctx, s.config)
		require.NoError(s, err)
		cancel()
		license, err := rt.Checkout(s.Context(), messages.Checkout{Feature: "f2"})
		require.NoError(s, err)
		s.pass(time.Hour)
		assert.NoError(s, license.Err())
		require.NoError(s, rt.Close(s.Context()))
	})
}

func TestConfigIsReadOnceByStart(t *testing.T) {
	onStage(t, 2, nil, func(s *stage) {
		s.config.Servers[0], s.config.Servers[1] = s.config.Servers[1], s.config.Servers[0]
		assert.Equal(s, "S1", s.checkout().Status().Server.ID)
		s.config.Servers[0], s.config.Servers[1] = s.config.Servers[1], s.config.Servers[0]
	})
}
