package supervisor

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
)

// Allocations of the hot paths, which no machine's speed changes. A figure that grows is to be explained, or taken back.

func TestReadingALicenseCostsNoAllocation(t *testing.T) {
	rt, _ := startHollow(t, nil)
	defer rt.Close(t.Context())
	license := hold(t, rt, 1)[0]
	license.Done() // made on first use
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if license.Status().State != messages.StateHeld || license.Err() != nil || license.Done() == nil {
			t.Error("not held")
		}
	}))
}
