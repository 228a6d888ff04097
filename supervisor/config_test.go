package supervisor

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor/outagefile"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// fieldsOf returns the fields that a joined error names, in order.
func fieldsOf(err error) (fields []string) {
	var walk func(error)
	walk = func(err error) {
		switch e := err.(type) { //nolint:errorlint // it walks the tree of errors
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

// servers returns n different addresses.
func servers(n int) (list []transport.Address) {
	for i := range n {
		list = append(list, transport.Address(fmt.Sprintf("s%d:1", i+1)))
	}
	return list
}

func TestStartReturnsAllFaultsEachWithItsField(t *testing.T) {
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
		"Heartbeat.Interval":       func(c *Config) { c.Heartbeat.Interval = MinInterval - 1 },
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

// durationsIn returns the names of all durations in a struct and in the structs in it.
func durationsIn(kind reflect.Type, prefix string) (names []string) {
	for field := range kind.Fields() {
		switch {
		case !field.IsExported():
		case field.Type == reflect.TypeFor[time.Duration]():
			names = append(names, prefix+field.Name)
		case field.Type.Kind() == reflect.Struct:
			names = append(names, durationsIn(field.Type, prefix+field.Name+".")...)
		}
	}
	return names
}

func TestAForgottenUnitIsAFaultOfEveryDuration(t *testing.T) {
	names := durationsIn(reflect.TypeFor[Config](), "")
	require.Contains(t, names, "Heartbeat.Interval")
	for _, name := range names {
		for _, number := range []time.Duration{1, 30, 30_000} {
			c := Config{Transport: transporttest.NewNetwork(), Servers: servers(1)}
			field := reflect.ValueOf(&c).Elem()
			for part := range strings.SplitSeq(name, ".") {
				field = field.FieldByName(part)
			}
			field.SetInt(int64(number))
			assert.ErrorContains(t, c.Validate(), name+" is "+number.String()+": must be ")
			assert.ErrorContains(t, c.Validate(), "; did you mean ")
		}
	}
	c := Config{Transport: transporttest.NewNetwork(), Servers: servers(1), Heartbeat: Heartbeat{Interval: 30}}
	assert.ErrorContains(t, c.Validate(), "Heartbeat.Interval is 30ns: must be 0 (meaning the default), or 1s to 24h0m0s; did you mean 30s?")
}

func TestStartTakesTheLongestSearchListAndNoLonger(t *testing.T) {
	c := Config{Transport: transporttest.NewNetwork(), Servers: servers(MaxServers)}
	require.NoError(t, c.Validate())
	c.Servers = servers(MaxServers + 1)
	assert.Equal(t, []string{"Servers"}, fieldsOf(c.Validate()))
}

// A rewritten outage file must not forget a server of the search list.
func TestTheOutageFileKeepsAsManyServersAsASearchListHas(t *testing.T) {
	assert.Equal(t, MaxServers, outagefile.KeptServers)
}

func TestStartDoesNotConnect(t *testing.T) {
	withHarness(t, 2, nil, func(h *harness) {
		h.pass(time.Hour)
		assert.Empty(h, h.wire.Calls(transporttest.Connects))
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
	withHarness(t, 1, nil, func(h *harness) {
		ctx, cancel := context.WithCancel(h.Context())
		rt, err := Start(ctx, h.config)
		require.NoError(h, err)
		cancel()
		license, err := rt.Checkout(h.Context(), messages.Checkout{Feature: "f2"})
		require.NoError(h, err)
		h.pass(time.Hour)
		assert.NoError(h, license.Err())
		require.NoError(h, rt.Close(h.Context()))
	})
}

func TestConfigIsReadOnceByStart(t *testing.T) {
	withHarness(t, 2, nil, func(h *harness) {
		h.config.Servers[0], h.config.Servers[1] = h.config.Servers[1], h.config.Servers[0]
		assert.Equal(h, "S1", h.checkout().Status().Server.ID)
		h.config.Servers[0], h.config.Servers[1] = h.config.Servers[1], h.config.Servers[0]
	})
}
