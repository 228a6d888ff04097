package main

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// desktop is a machine on which a user runs the command again and again, in virtual time.
type desktop struct {
	*testing.T
	network *transporttest.Network
	server  *transporttest.Server
	outages string // the file
	worked  int
}

// onDesktop runs a test with one licence server that has one seat.
func onDesktop(t *testing.T, test func(d *desktop)) {
	synctest.Test(t, func(t *testing.T) {
		network := transporttest.NewNetwork()
		test(&desktop{
			T: t, network: network, outages: filepath.Join(t.TempDir(), "outages"),
			server: network.AddServer("127.0.0.1:6200", map[string]int{"render": 1}),
		})
	})
}

func (d *desktop) run() error {
	err := run(d.Context(), d.network, d.outages, func() { d.worked++ })
	assert.Zero(d, d.server.Held("render"), "the seat is given back")
	return err
}

func TestTheCommandWorksAndGivesItsSeatBack(t *testing.T) {
	onDesktop(t, func(d *desktop) {
		require.NoError(d, d.run())
		assert.Equal(d, 1, d.worked)
	})
}

func TestOutagesAreCountedOverAllRuns(t *testing.T) {
	onDesktop(t, func(d *desktop) {
		require.NoError(d, d.run())
		for range 2 {
			d.server.Restart()
			require.NoError(d, d.run())
		}
		d.server.Restart()
		err := d.run()
		require.ErrorIs(d, err, messages.ErrUnavailable)
		assert.Contains(d, advice(err), "The licence server went down 3 times within 1h0m0s. Wait until ")

		require.ErrorIs(d, d.run(), messages.ErrUnavailable, "the next run reads it from the file")
		time.Sleep(time.Hour)
		require.NoError(d, d.run())
		assert.Equal(d, 4, d.worked)
	})
}

func TestAdviceFitsTheError(t *testing.T) {
	for want, happens := range map[string]func(*desktop){
		"All seats are in use.":        func(d *desktop) { d.server.Take("render", 1) },
		"A licence server did not":     func(d *desktop) { d.server.Down() },
		"The licence does not cover":   func(d *desktop) { d.server.SetVersion("render", messages.V(0, 9)) },
		"outages is damaged. Ask your": func(d *desktop) { require.NoError(d, os.WriteFile(d.outages, []byte("no outages\n"), 0o600)) },
		"This has nothing to do":       func(d *desktop) { d.outages = filepath.Join(d.TempDir(), "no", "such", "folder") },
	} {
		onDesktop(t, func(d *desktop) {
			happens(d)
			err := run(d.Context(), d.network, d.outages, func() { d.worked++ })
			require.Error(d, err, want)
			assert.Contains(d, advice(err), want, "%v", err)
			assert.Zero(d, d.worked)
		})
	}
}
