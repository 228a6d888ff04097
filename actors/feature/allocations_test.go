package feature

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// Two events and two effects in a slice: what a restart of the server costs each feature.
func TestAResumedFeatureCostsFiveAllocations(t *testing.T) {
	ref := protocol.NewConnectionRef("s1:1", nil)
	f := Machine{state: messages.StateHeld, seats: seats{origin: ref, held: 1, take: 1}, member: &protocol.Member{Claim: messages.Claim{ID: 1, Feature: "f2", Count: 1}}}
	in := &protocol.LeaseResumed{Connection: ref}
	assert.Equal(t, 5, int(testing.AllocsPerRun(100, func() { f.Step(protocol.Instant{}, in) })))
}

func TestAFailedBeatCostsAHeldFeatureNoAllocation(t *testing.T) {
	ref := protocol.NewConnectionRef("s1:1", nil)
	set := protocol.Settings{Attempts: 5}
	f := Machine{set: &set, state: messages.StateHeld, seats: seats{origin: ref, held: 1, take: 1}}
	in := &protocol.HeartbeatFailed{Connection: ref, Failed: 1}
	assert.Zero(t, testing.AllocsPerRun(100, func() { f.Step(protocol.Instant{}, in) }))
}
