package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/license"
)

// What becomes of the file of a licence makes no difference to when the leases end that the licence granted.
func TestNoLeaseOutlivesItsLicence(t *testing.T) {
	ending := feature(2)
	other, later := feature(2), feature(1)
	other.Name, later.Seats = "g", 1
	for name, after := range map[string][]license.Feature{
		"removed": {}, "exchanged for that of another feature": {other}, "with fewer seats, which never end": {later},
		"with another version": {{Name: "f", Version: messages.V(0, 5), Seats: 1}},
	} {
		for _, restart := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				inBubble(t, Config{}, func(t *testing.T, s *harness) {
					ending.Expires = time.Now().Add(time.Hour)
					require.NoError(t, s.SetFeatures(t.Context(), []license.Feature{ending}))
					u := s.user(1)
					one, two := u.granted(take("f", 1)), u.granted(take("f", 1))
					s.config.Features = after
					require.NoError(t, s.SetFeatures(t.Context(), after))
					if restart {
						s.restart()
					}
					for range 59 {
						u.held(one, two)
						time.Sleep(time.Minute)
					}
					u.held(one, two)
					time.Sleep(2 * time.Minute)
					ended, err := u.beat(one, two)
					require.NoError(t, err)
					want := 2
					if len(after) > 0 && after[0].Name == "f" && after[0].Version == messages.V(1, 0) {
						want = 1 // the licence in force has a seat for one of them
					}
					require.Len(t, ended, want)
					require.Equal(t, messages.FeatureExpired, ended[0].Reason)
				})
			})
		}
	}
}

func TestALeaseStaysWhenAnotherLicenceHasASeatForIt(t *testing.T) {
	ending := feature(2)
	inBubble(t, Config{}, func(t *testing.T, s *harness) {
		ending.Expires = time.Now().Add(time.Hour)
		require.NoError(t, s.SetFeatures(t.Context(), []license.Feature{ending}))
		u := s.user(1)
		lease := u.granted(take("f", 2))
		renewed := ending
		renewed.Expires = ending.Expires.Add(time.Hour)
		require.NoError(t, s.SetFeatures(t.Context(), []license.Feature{renewed}))
		for range 100 {
			u.held(lease)
			time.Sleep(time.Minute)
		}
		require.NoError(t, s.SetFeatures(t.Context(), nil)) // the licence that granted it has ended
		time.Sleep(2 * time.Second)
		u.ended(lease, messages.FeatureExpired)
	})
}
