package license

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestNoFeatureLastsLongerThanItsLicence(t *testing.T) {
	end := time.Date(2030, 6, 1, 13, 0, 0, 0, time.UTC)
	l := License{Expires: end, Features: []Feature{
		{Name: "forever"}, {Name: "longer", Expires: end.Add(time.Second)}, {Name: "shorter", Expires: end.Add(-time.Second)},
	}}
	var got []time.Time
	for _, f := range l.Pools() {
		got = append(got, f.Expires)
	}
	assert.Equal(t, []time.Time{end, end, end.Add(-time.Second)}, got)
	assert.Zero(t, l.Features[0].Expires, "Pools leaves the licence itself unchanged")
}
