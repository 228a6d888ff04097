package connection

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// Allocations of the hot paths; they do not depend on the speed of a machine. A figure that grows has to be justified.

// harnessWith returns a connection with n leases.
func harnessWith(t *testing.T, n int) *harness {
	w := newHarness(scriptSettings(), "a1")
	w.take(t, "f1", "L1")
	for i := 1; i < n; i++ {
		var f protocol.Member
		f.Claim = messages.Claim{ID: uint64(1_000_000 + i), Feature: "f2", Count: 1}
		var id messages.LeaseID
		binary.LittleEndian.PutUint64(id[8:], uint64(i))
		w.c.checkouts.leases.grant(w.c.checkouts.leases.add(&f), 1, messages.RequestID(id), id, &protocol.Instant{})
	}
	return w
}

// beat plays a whole good beat and returns how many features were told something.
func (w *harness) beat() (told int) {
	for _, in := range []any{&protocol.BeatDue{}, &BeatAnswered{Seq: w.c.server.seq + 1, Chunks: []ChunkAnswer{{Reply: transport.HeartbeatReply{Hello: w.hello}}}}} {
		for _, e := range w.c.Step(w.now, in) {
			switch e := e.(type) {
			case protocol.Tell:
				told++
			case protocol.TellAll:
				told += len(e.To)
			}
		}
	}
	return told
}

// Eleven, those of the test itself included: two lists of leases and slots, the heartbeat under way, its effects and orders.
func TestABeatCostsTheConnectionAsManyAllocationsForOneLeaseAsForTenThousand(t *testing.T) {
	for _, n := range []int{1, 10_000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			w := harnessWith(t, n)
			assert.Equal(t, 11, int(testing.AllocsPerRun(100, func() { w.beat() })))
		})
	}
}

func TestABeatTellsNoFeatureAnythingWhileAllIsWell(t *testing.T) {
	w := harnessWith(t, 10_000)
	assert.Zero(t, w.beat())
	good, _ := w.c.ref.Beats()
	assert.EqualValues(t, 1, good, "it was good")
}
