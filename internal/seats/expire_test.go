package seats

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNoRoundEndsMoreLeasesOfAnExpiredLicenceThanItMay(t *testing.T) {
	s := newHarness(t, plenty)
	for range 5 {
		s.take(1, seats("f", 1))
	}
	s.allocator.pools.all[0].expired = true
	assert.True(t, s.allocator.EndExpired(0, 3))
	assert.Equal(t, 2, s.allocator.Held())
	assert.False(t, s.allocator.EndExpired(0, 3))
	assert.Zero(t, s.allocator.Held())
}

func TestLeasesThatExpireAreCounted(t *testing.T) {
	s := newHarness(t, feature(2))
	s.take(1, seats("f", 1))
	s.take(1, seats("f", 1))
	s.pass(2 * s.config.ClientTimeout)
	assert.Equal(t, int64(2), s.allocator.Sample()[0].Expired)
}
