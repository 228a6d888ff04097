package main

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/test/bufconn"

	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/server/ledger"
)

const (
	thisYear = `{serial: A-1, vendor: V, customer: C, issued: 2000-01-01, expires: 2000-01-02, features: [{name: f1, version: "1.0", seats: 5}]}`
	nextYear = `{serial: A-2, vendor: V, customer: C, issued: 2000-01-01, starts: 2000-01-03, features: [{name: f1, version: "1.0", seats: 7}]}`
)

func TestALicenceThatStartsLaterComesIntoForceByItself(t *testing.T) {
	files, later := vendor(t, thisYear), vendor(t, nextYear)
	synctest.Test(t, func(t *testing.T) { // the time in here begins at 2000-01-01
		srv, err := server.New(server.Config{Ledger: &ledger.Memory{}, Insecure: true})
		require.NoError(t, err)
		ended := make(chan error)
		go func() { ended <- srv.Serve(bufconn.Listen(1)) }() // the server watches the time only while it serves
		defer func() {
			assert.NoError(t, srv.Stop(context.Background()))
			assert.NoError(t, <-ended)
		}()
		d := daemon{server: srv, log: slog.New(slog.DiscardHandler), setup: setup{licenses: licenseFiles{
			paths: []string{files.license, later.license}, keys: []string{files.public, later.public},
		}}}
		require.NoError(t, d.applyLicenses(t.Context()))
		seats := func() int {
			status, err := srv.Status(t.Context())
			require.NoError(t, err)
			return status.Features[0].Seats
		}
		assert.Equal(t, 5, seats())
		time.Sleep(72 * time.Hour)
		assert.Equal(t, 7, seats())
	})
}
