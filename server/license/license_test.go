package license

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/server"
)

func TestNoFeatureLastsLongerThanItsLicence(t *testing.T) {
	end := now.Add(time.Hour)
	l := example(func(l *License) {
		l.Expires = end
		l.Features = []server.Feature{
			{Name: "forever"}, {Name: "longer", Expires: end.Add(time.Second)}, {Name: "shorter", Expires: end.Add(-time.Second)},
		}
	})
	var got []time.Time
	for _, f := range l.Pools() {
		got = append(got, f.Expires)
	}
	assert.Equal(t, []time.Time{end, end, end.Add(-time.Second)}, got)
	assert.Zero(t, l.Features[0].Expires, "the licence itself is left alone")
}
