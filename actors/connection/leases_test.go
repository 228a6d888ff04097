package connection

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

func claimOf(id uint64) *protocol.Member {
	f := &protocol.Member{}
	f.Claim.ID = id
	return f
}

func requestOf(n byte) messages.RequestID { return messages.RequestID{n} }

func TestLeaseTableGivesAFeatureOneRecord(t *testing.T) {
	table := newLeaseTable()
	f := claimOf(1)
	first := table.add(f)
	assert.Equal(t, first, table.add(f))
}

func TestLeaseTableUsesFreedSlotsAgain(t *testing.T) {
	table := newLeaseTable()
	table.add(claimOf(1))
	s := table.add(claimOf(2))
	table.remove(s)
	assert.Equal(t, s, table.add(claimOf(3)))
}

func TestLeaseTableKeepsTheRequestOfALeaseThatEnded(t *testing.T) {
	table := newLeaseTable()
	s := table.add(claimOf(1))
	table.grant(s, 7, requestOf(1), leaseNamed("L1"), &protocol.Instant{})
	table.drop(s)
	require.False(t, table.hasLease(s))
	assert.Equal(t, requestOf(1), table.request[s])
}

func TestLeaseTableRecordStartsEmptyInAFreedSlot(t *testing.T) {
	table := newLeaseTable()
	table.add(claimOf(1))
	s := table.add(claimOf(2))
	table.grant(s, 7, requestOf(1), leaseNamed("L1"), &protocol.Instant{})
	table.remove(s)
	s = table.add(claimOf(3))
	assert.False(t, table.hasLease(s))
	assert.Zero(t, table.request[s])
	assert.Zero(t, table.number[s])
	assert.Nil(t, table.renewed[s])
}

func TestLeaseTableLeavesLocalLicencesOut(t *testing.T) {
	table := newLeaseTable()
	local, network := claimOf(1), claimOf(2)
	table.grantLocal(table.add(local), 1, requestOf(1))
	table.grant(table.add(network), 1, requestOf(2), leaseNamed("L2"), &protocol.Instant{})
	leases, _ := table.pack()
	assert.Equal(t, []messages.LeaseID{leaseNamed("L2")}, leases)
	assert.Equal(t, []*protocol.Member{network}, table.choose(func(int32) bool { return true }))
	assert.Equal(t, 1, table.beaten())
}

func TestLeaseTableFindsTheOldestByTheClockThatSaysMore(t *testing.T) {
	table := newLeaseTable()
	earlier := &protocol.Instant{Mono: time.Minute, Wall: time.Minute}
	asleep := &protocol.Instant{Mono: 2 * time.Minute, Wall: 30 * time.Second} // the wall clock was set meanwhile
	table.grant(table.add(claimOf(1)), 1, requestOf(1), leaseNamed("L1"), earlier)
	table.grant(table.add(claimOf(2)), 1, requestOf(2), leaseNamed("L2"), asleep)
	table.add(claimOf(3))
	oldest, found := table.oldest(protocol.Instant{Mono: 3 * time.Minute, Wall: 3 * time.Minute})
	require.True(t, found)
	assert.Equal(t, *asleep, oldest)
}

func TestLeaseTableHasNoOldestWithoutALease(t *testing.T) {
	table := newLeaseTable()
	table.add(claimOf(1))
	_, found := table.oldest(protocol.Instant{})
	assert.False(t, found)
}

// TestLeaseTableIsAMapOfClaims compares the columns with a plain map, whatever is done to both.
func TestLeaseTableIsAMapOfClaims(t *testing.T) {
	type record struct {
		lease messages.LeaseID
		local bool
	}
	rapid.Check(t, func(rt *rapid.T) {
		table, model := newLeaseTable(), map[uint64]record{}
		slot := func(rt *rapid.T) (uint64, int32) {
			id := rapid.Uint64Range(1, 6).Draw(rt, "claim")
			if _, ok := model[id]; !ok {
				model[id] = record{} // as add does
			}
			return id, table.add(claimOf(id))
		}
		names := 0
		rt.Repeat(map[string]func(*rapid.T){
			"": func(rt *rapid.T) {
				leases, network := map[messages.LeaseID]bool{}, 0
				for _, r := range model {
					if r.lease != (messages.LeaseID{}) {
						leases[r.lease] = true
					}
					if !r.local {
						network++
					}
				}
				packed, slots := table.pack()
				assert.Len(rt, packed, len(leases))
				assert.Equal(rt, len(leases), table.leases)
				assert.Equal(rt, network, table.beaten())
				for i, id := range packed {
					assert.True(rt, leases[id])
					assert.Equal(rt, id, model[table.owner[slots[i]].ID()].lease, "the slot is not that of the lease's owner")
				}
			},
			"grant": func(rt *rapid.T) {
				id, s := slot(rt)
				if model[id].local {
					return
				}
				names++
				model[id] = record{lease: messages.LeaseID{byte(names), byte(names >> 8)}}
				table.grant(s, 1, requestOf(1), model[id].lease, &protocol.Instant{})
			},
			"grant local": func(rt *rapid.T) {
				id, s := slot(rt)
				model[id] = record{local: true}
				table.grantLocal(s, 1, requestOf(1))
			},
			"drop": func(rt *rapid.T) {
				id, s := slot(rt)
				model[id] = record{local: model[id].local}
				table.drop(s)
			},
			"remove": func(rt *rapid.T) {
				id, s := slot(rt)
				delete(model, id)
				table.remove(s)
			},
		})
	})
}
