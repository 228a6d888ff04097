package messages

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCheckoutValidateAcceptsWhatIsWithinBounds(t *testing.T) {
	for name, c := range map[string]Checkout{
		"the least": {Feature: "f"},
		"the most": {
			Feature: strings.Repeat("f", MaxFeatureName), Version: V(MaxVersion, MaxVersion), Count: MaxCount, Exact: true, Wait: true,
		},
		"a name beyond ASCII": {Feature: "Größe 2 × ∞"},
	} {
		assert.NoError(t, c.Validate(), name)
	}
}

func TestCheckoutValidateNamesTheField(t *testing.T) {
	for want, c := range map[string]Checkout{
		"Checkout.Feature is empty":                   {},
		"Checkout.Feature is 129 bytes long":          {Feature: strings.Repeat("f", MaxFeatureName+1)},
		"Checkout.Feature is not valid UTF-8":         {Feature: "\xff"},
		"Checkout.Feature has a control character":    {Feature: "f\n2"},
		"Checkout.Version.Major is -1: must be 0 to":  {Feature: "f", Version: V(-1, 0)},
		"Checkout.Version.Minor is 10000: must be 0 ": {Feature: "f", Version: V(0, MaxVersion+1)},
		"Checkout.Count is -1: must be 0":             {Feature: "f", Count: -1},
		"Checkout.Count is 1000001: must be 0":        {Feature: "f", Count: MaxCount + 1},
	} {
		err := c.Validate()
		require.ErrorContains(t, err, want)
		var field *FieldError
		require.ErrorAs(t, err, &field)
		assert.True(t, strings.HasPrefix(want, field.Field+" "), "the error has the field %q", field.Field)
	}
}

func TestCheckoutValidateTellsAllFaultsAtOnce(t *testing.T) {
	err := Checkout{Version: V(-1, -1), Count: -1}.Validate()
	var joined interface{ Unwrap() []error }
	require.ErrorAs(t, err, &joined)
	var fields []string
	for _, fault := range joined.Unwrap() {
		var field *FieldError
		require.ErrorAs(t, fault, &field)
		fields = append(fields, field.Field)
	}
	assert.Equal(t, []string{
		"Checkout.Feature", "Checkout.Version.Major", "Checkout.Version.Minor", "Checkout.Count",
	}, fields)
}

func TestCheckoutTakesOneSeatWhenNoCountIsGiven(t *testing.T) {
	assert.Equal(t, 1, Checkout{}.Seats())
	assert.Equal(t, 7, Checkout{Count: 7}.Seats())
}

func TestCheckoutAndClaimReadAlike(t *testing.T) {
	assert.Equal(t, "f2 1.0 x1", Checkout{Feature: "f2", Version: V(1, 0)}.String())
	assert.Equal(t, "f2 1.0 x3", Claim{ID: 9, Feature: "f2", Version: V(1, 0), Count: 3}.String())
}

func TestVersionsAreOrderedByMajorThenMinor(t *testing.T) {
	ordered := []Version{V(0, 0), V(0, 9999), V(1, 0), V(1, 2), V(1, 10), V(2, 1)}
	for i, v := range ordered {
		for j, o := range ordered {
			assert.Equal(t, sign(i-j), v.Compare(o), "%s to %s", v, o)
		}
	}
}

func TestVersionServesUpToItselfAndOnlyItselfWhenExact(t *testing.T) {
	for _, c := range []struct {
		serves, want Version
		exact, ok    bool
	}{
		{V(1, 2), V(1, 2), false, true},
		{V(1, 2), V(1, 1), false, true},
		{V(2, 0), V(1, 9), false, true},
		{V(1, 2), V(1, 3), false, false},
		{V(1, 2), V(2, 0), false, false},
		{V(1, 2), V(0, 0), false, true},
		{V(1, 2), V(1, 2), true, true},
		{V(1, 2), V(1, 1), true, false},
		{V(1, 2), V(1, 3), true, false},
	} {
		assert.Equal(t, c.ok, c.serves.Serves(c.want, c.exact), "%+v", c)
	}
}

func FuzzCheckoutValidateNeverPanics(f *testing.F) {
	f.Add("f2", 1, 0, 1, true, false)
	f.Add("\xff\x00", -1, 10_000, 1<<40, false, true)
	f.Fuzz(func(t *testing.T, feature string, major, minor, count int, exact, wait bool) {
		c := Checkout{Feature: feature, Version: V(major, minor), Count: count, Exact: exact, Wait: wait}
		if err := c.Validate(); err != nil {
			var field *FieldError
			assert.ErrorAs(t, err, &field)
		}
	})
}
