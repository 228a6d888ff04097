package bolt

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/server/ledger"
)

// A machine without a name, or with one that only /proc tells where there is no /proc, could not open a ledger.
func TestAMachineWithoutANameOpensItsLedger(t *testing.T) {
	defer func(before func() (string, error)) { hostname = before }(hostname)
	hostname = func() (string, error) {
		return "", errors.New("open /proc/sys/kernel/hostname: no such file or directory")
	}
	l := unsynced(newPath(t))
	require.Empty(t, replayed(t, l))
	defer l.Close()
	err := unsynced(l.Path()).Open(func(ledger.Record) error { return nil })
	assert.ErrorContains(t, err, "is in use by another server: process ")
	assert.NotContains(t, err.Error(), " on ,")
}
