package seats

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/license"
)

// The policy computes what a grant changes: a decision by itself changes nothing, and what is carried out changes exactly
// what was computed.
func TestAGrantChangesWhatTheDecisionComputed(t *testing.T) {
	versions := []messages.Version{messages.V(1, 0), messages.V(1, 5), messages.V(2, 0), messages.V(65535, 65535)}
	rapid.Check(t, func(t *rapid.T) {
		var blocks []license.Feature
		for _, v := range versions {
			blocks = append(blocks, license.Feature{
				Name: "f", Version: v, Seats: rapid.IntRange(0, 4).Draw(t, "seats"), Share: license.ShareUser,
				Overdraft: rapid.IntRange(0, 2).Draw(t, "overdraft"),
			})
		}
		s := newHarness(t, blocks...)
		s.keys = modelGroups
		a := s.allocator
		pool := a.pools.all[0]
		var requests []messages.RequestID
		for range rapid.IntRange(1, 20).Draw(t, "takes") {
			take := seats("f", rapid.IntRange(1, 3).Draw(t, "count"))
			take.Version = rapid.SampledFrom(versions).Draw(t, "version")
			if len(requests) > 0 {
				take.Replaces = rapid.SliceOfNDistinct(rapid.SampledFrom(requests), 0, 3, rapid.ID[messages.RequestID]).Draw(t, "replaces")
			}
			before, groups := heldOf(pool), len(a.pools.groups.of)
			d := a.takeOrRepeat(s.client(byte(rapid.IntRange(1, modelClients).Draw(t, "client"))), take)
			require.Equal(t, before, heldOf(pool), "a decision changes nothing")
			require.Len(t, a.pools.groups.of, groups)
			change := slices.Clone(a.policy.change)
			a.carryOut(&d, 0)
			if d.Result == Granted {
				for i := range before {
					before[i] += change[i]
				}
				requests = append(requests, take.Request)
			}
			require.Equal(t, before, heldOf(pool))
		}
	})
}

// heldOf returns the seats held at each tier.
func heldOf(p *pool) (held []int) {
	for _, used := range p.held {
		held = append(held, used)
	}
	return held
}
