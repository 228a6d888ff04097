package licensefile

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/license"
)

func TestEveryValidLicenceOpensAsItWasSigned(t *testing.T) {
	verifier := trusting(t)
	rapid.Check(t, func(t *rapid.T) {
		want := drawLicense(t)
		file, err := Sign(want, secretOf(t, 1))
		require.NoError(t, err)
		verifier.Now = want.Starts // the zero time is before any end
		got, err := verifier.Open(file)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	})
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }

func drawLicense(t *rapid.T) license.License {
	text := rapid.StringN(1, -1, 50).Filter(func(s string) bool {
		return len(s) <= license.MaxSerial && utf8.ValidString(s) && strings.IndexFunc(s, unprintable) < 0
	})
	seconds := rapid.Int64Range(1_000_000_000, 200_000_000_000)
	instant := rapid.Custom(func(t *rapid.T) time.Time { return time.Unix(seconds.Draw(t, "seconds"), 0).UTC() })
	optional := rapid.OneOf(rapid.Just(time.Time{}), instant)
	l := license.License{
		Serial: text.Draw(t, "serial"), Vendor: text.Draw(t, "vendor"), Customer: text.Draw(t, "customer"),
		ServerID: rapid.SampledFrom([]string{"", thisServer}).Draw(t, "server"),
		Issued:   instant.Draw(t, "issued"), Starts: optional.Draw(t, "starts"),
	}
	if rapid.Bool().Draw(t, "ends") {
		l.Expires = l.Issued.Add(time.Hour)
		if l.Starts.After(l.Issued) {
			l.Expires = l.Starts.Add(time.Second)
		}
	}
	number := rapid.IntRange(0, messages.MaxVersion)
	l.Features = rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) license.Feature {
		return license.Feature{
			Share:     rapid.SampledFrom([]license.Share{license.ShareNone, license.ShareUser, license.ShareHost, license.ShareString}).Draw(t, "share"),
			Overdraft: rapid.IntRange(0, license.MaxSeats).Draw(t, "overdraft"),
			Name:      rapid.StringMatching(`[ -~ü]{1,60}`).Draw(t, "name"),
			Version:   messages.V(number.Draw(t, "major"), number.Draw(t, "minor")),
			Seats:     rapid.IntRange(0, license.MaxSeats).Draw(t, "seats"), Expires: optional.Draw(t, "end"),
		}
	}), 1, 9, func(f license.Feature) string { return f.Name }).Draw(t, "features")
	return l
}
