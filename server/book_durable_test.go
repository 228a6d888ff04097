package server

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/server/ledger/bolt"
)

func TestSeatsAreAccountedForOverRestartsOfADurableLedger(t *testing.T) {
	var l *bolt.Ledger
	end := func() {
		if l != nil {
			require.NoError(t, l.Close())
		}
	}
	defer func() { end() }()
	testModel(t, 0, func() Ledger {
		end()
		l = eager(boltPath(t))
		return l
	})
}
