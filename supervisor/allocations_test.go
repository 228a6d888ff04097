package supervisor

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
)

// Allocations of the hot paths do not depend on the machine's speed. Explain a figure that grows, or take it back.

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
