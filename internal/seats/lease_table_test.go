package seats

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestOverdueSlotsAreFoundInPartsAndOnce(t *testing.T) {
	table := newLeaseTable()
	table.grow(3 * chunkSlots)
	for number := range uint32(3 * chunkSlots) {
		table.hold(number, [12]byte{1}, 0, time.Duration(number))
	}
	var found []uint32
	for {
		part := table.overdue(2*chunkSlots, 100)
		found = append(found, part...)
		if len(part) < 100 {
			break
		}
	}
	assert.Len(t, found, 2*chunkSlots)
	assert.Empty(t, table.overdue(2*chunkSlots, 100))
	assert.Len(t, table.overdue(3*chunkSlots, 1<<20), chunkSlots)
}

func TestASlotHeldAfterTimeStoodStillBecomesOverdue(t *testing.T) {
	table := newLeaseTable()
	table.grow(0)
	assert.Empty(t, table.overdue(10, 1), "the chunk is known to hold nothing older")
	table.hold(0, [12]byte{1}, 0, 5)
	assert.Equal(t, []uint32{0}, table.overdue(10, 1))
}

func TestABeatRenewsOnlyLeasesOfItsClient(t *testing.T) {
	table := newLeaseTable()
	table.grow(chunkSlots)
	var ids []byte
	for _, number := range []uint32{0, chunkSlots, 1, chunkSlots + 1} {
		table.hold(number, [12]byte{byte(number)}, number%2, 0)
		id := leaseID(number, [12]byte{byte(number)})
		ids = append(ids, id[:]...)
	}
	beyond := leaseID(2*chunkSlots, [12]byte{})
	ids = append(ids, beyond[:]...)
	assert.Equal(t, []int{32, 48, 64}, table.beat(0, ids, 7))
	assert.Equal(t, []int{0, 16, 64}, table.beat(1, ids, 7))
}
