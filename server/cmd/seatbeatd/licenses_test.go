package main

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/licensefile"
)

func TestAnExpiredLicenceStaysExpiredWhenTheClockIsSetBack(t *testing.T) {
	tomorrow := time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly)
	files := vendor(t, `{serial: A-8, vendor: V, customer: C, expires: `+tomorrow+`, features: [{name: f1, version: "1.0", seats: 5}]}`)
	source := licenseFiles{paths: []string{files.license}, keys: []string{files.public}}
	load := func(wall time.Time) error {
		_, err := source.load(serverThatSaw(t, wall), slog.New(slog.DiscardHandler))
		return err
	}
	require.NoError(t, load(time.Now()))
	refused, ok := errors.AsType[*licensefile.RefusedError](load(time.Now().AddDate(0, 0, 3)))
	require.True(t, ok, "the ledger knows a time after its end")
	assert.Equal(t, licensefile.Expired, refused.Reason)
}

// serverThatSaw returns a server whose ledger has recorded a time.
func serverThatSaw(t *testing.T, wall time.Time) *server.Server {
	t.Helper()
	memory := &ledger.Memory{}
	require.NoError(t, memory.Open(nil))
	records := []ledger.Record{{Seq: 1, Kind: ledger.RecordTime, Wall: wall.UnixMilli()}}
	require.NoError(t, memory.Append(ledger.Batch{Records: records}))
	require.NoError(t, memory.Close())
	srv, err := server.New(server.Config{Ledger: memory, Insecure: true})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, srv.Stop(context.Background())) })
	return srv
}
