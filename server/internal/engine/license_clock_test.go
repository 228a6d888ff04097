package engine

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/license"
)

func TestALicenceThatRanOutStaysSoWhenTheClockIsSetBack(t *testing.T) {
	var set atomic.Int64 // by how much the wall clock is off
	noon := time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC)
	config := Config{
		Features: []license.Feature{{Name: "f", Version: messages.V(1, 0), Seats: 2, Expires: noon}},
		Wall:     func() time.Time { return time.Now().Add(time.Duration(set.Load())) },
	}
	inBubble(t, config, func(t *testing.T, s *harness) {
		set.Store(0)
		u := s.user(1)
		u.granted(take("f", 1))
		set.Store(int64(12 * time.Hour))
		time.Sleep(2 * time.Second)
		set.Store(0)
		for range 2 { // before and after a restart
			time.Sleep(2 * time.Second)
			o, err := u.checkout(take("f", 1))
			require.NoError(t, err)
			assert.Equal(t, messages.FeatureExpired, o.Reason)
			st := s.state()
			assert.WithinDuration(t, noon, st.LicenseTime, 10*time.Second)
			assert.Greater(t, st.ClockBehind, 11*time.Hour)
			s.restart()
		}
	})
}

func TestTheTimeIsKeptEveryFewMinutes(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *harness) {
		time.Sleep(time.Hour)
		require.NoError(t, s.Stop())
		const started = 1 // the record of the start, and nothing else is recorded
		assert.LessOrEqual(t, s.license.seq-started, uint64(12))
		assert.GreaterOrEqual(t, s.license.seq-started, uint64(11))
		s.begin()
		assert.Zero(t, s.state().ClockBehind)
	})
}

func TestALicenceThatBeginsAsAnotherEndsKeepsItsLeases(t *testing.T) {
	noon := time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC)
	config := Config{Features: []license.Feature{
		{Name: "f", Version: messages.V(1, 0), Seats: 1, Expires: noon},
		{Name: "f", Version: messages.V(1, 0), Seats: 2, Starts: noon},
	}}
	inBubble(t, config, func(t *testing.T, s *harness) {
		u := s.user(1)
		lease := u.granted(take("f", 1))
		for time.Sleep(2 * time.Minute); time.Now().Before(noon); time.Sleep(4 * time.Minute) {
			u.held(lease)
		}
		o, err := u.checkout(take("f", 1))
		require.NoError(t, err)
		assert.Equal(t, seats.Granted, o.Result, "a seat of the second licence")
		u.held(lease)
	})
}

func TestAQueueGetsTheSeatsOfALicenceThatStarts(t *testing.T) {
	soon := time.Date(2000, 1, 1, 0, 0, 10, 0, time.UTC)
	config := Config{Features: []license.Feature{
		{Name: "f", Version: messages.V(1, 0), Seats: 1}, {Name: "f", Version: messages.V(1, 0), Seats: 1, Starts: soon},
	}}
	inBubble(t, config, func(t *testing.T, s *harness) {
		u := s.user(1)
		u.granted(take("f", 1))
		w := <-u.persist(take("f", 1))
		require.NoError(t, w.err)
		assert.Equal(t, seats.Granted, w.outcome.Result)
		assert.WithinDuration(t, soon, w.at, 2*time.Second)
	})
}

func TestALicenceThatHasNotStartedGrantsNothing(t *testing.T) {
	noon := time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC)
	inBubble(t, Config{Features: []license.Feature{{Name: "f", Version: messages.V(1, 0), Seats: 1, Starts: noon}}}, func(t *testing.T, s *harness) {
		o, err := s.user(1).checkout(take("f", 1))
		require.NoError(t, err)
		assert.Equal(t, messages.NoSuchFeature, o.Reason)
		assert.Equal(t, noon, s.state().Pools[0].Starts)
		time.Sleep(12*time.Hour + time.Minute)
		s.user(2).granted(take("f", 1))
		assert.Zero(t, s.state().Pools[0].Starts)
	})
}
