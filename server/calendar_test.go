package server

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
)

func TestALicenceThatRanOutStaysSoWhenTheClockIsSetBack(t *testing.T) {
	var set atomic.Int64 // by how much the wall clock is off
	noon := time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC)
	config := Config{
		Features: []Feature{{Name: "f", Version: messages.V(1, 0), Seats: 2, Expires: noon}},
		wall:     func() time.Time { return time.Now().Add(time.Duration(set.Load())) },
	}
	inBubble(t, config, func(t *testing.T, s *engineStage) {
		set.Store(0)
		u := s.user(1)
		u.granted(seats("f", 1))
		set.Store(int64(12 * time.Hour))
		time.Sleep(2 * time.Second)
		set.Store(0)
		for range 2 { // before and after a restart
			time.Sleep(2 * time.Second)
			o, err := u.checkout(seats("f", 1))
			require.NoError(t, err)
			assert.Equal(t, messages.FeatureExpired, o.reason)
			st := s.state()
			assert.WithinDuration(t, noon, st.LicenseTime, 10*time.Second)
			assert.Greater(t, st.ClockBehind, 11*time.Hour)
			s.restart()
		}
	})
}

func TestTheTimeIsKeptEveryFewMinutes(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *engineStage) {
		var before uint64
		require.NoError(t, s.administer(t.Context(), func(time.Duration) error {
			before = s.book.seq
			return nil
		}))
		time.Sleep(time.Hour)
		require.NoError(t, s.stop())
		assert.LessOrEqual(t, s.book.seq-before, uint64(12))
		assert.GreaterOrEqual(t, s.book.seq-before, uint64(11))
		s.begin()
		assert.Zero(t, s.state().ClockBehind)
	})
}
