package actors

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
)

// Two events, and their effects: what a restart of the server costs each feature, twice over for boxes and slice.
func TestAResumedFeatureCostsFiveAllocations(t *testing.T) {
	link := NewConnectionRef("s1:1", nil)
	f := feature{state: messages.StateHeld, origin: link, held: 1, take: 1, member: &Member{Claim: messages.Claim{ID: 1, Feature: "f2", Count: 1}}}
	in := &leaseResumed{connection: link}
	assert.Equal(t, 5, int(testing.AllocsPerRun(100, func() { f.step(Instant{}, in) })))
}

func TestAFailedBeatCostsAHeldFeatureNoAllocation(t *testing.T) {
	link := NewConnectionRef("s1:1", nil)
	set := Settings{Attempts: 5}
	f := feature{set: &set, state: messages.StateHeld, origin: link, held: 1, take: 1}
	in := &heartbeatFailed{connection: link, failed: 1}
	assert.Zero(t, testing.AllocsPerRun(100, func() { f.step(Instant{}, in) }))
}
