package licensefile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
)

// write makes a directory with these files.
func write(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	return dir
}

func serial(serial string) func(*license.License) {
	return func(l *license.License) { l.Serial = serial }
}

// expired is a licence that has expired.
func expired(serial string) func(*license.License) {
	return func(l *license.License) {
		l.Serial, l.Issued, l.Expires = serial, now.Add(-2*time.Hour), now.Add(-time.Hour)
	}
}

func early(serial string) func(*license.License) {
	return func(l *license.License) { l.Serial, l.Starts = serial, now.Add(time.Hour) }
}

func paths(set Set) []string {
	var names []string
	for _, f := range set.Files {
		names = append(names, filepath.Base(f.Path))
	}
	return names
}

func TestLicenceFilesAddUp(t *testing.T) {
	dir := write(t, map[string][]byte{
		"b.lic": signed(t, serial("B")), "a.lic": signed(t, serial("A")), "notes.txt": []byte("no licence"),
	})
	single := filepath.Join(write(t, map[string][]byte{"c": signed(t, serial("C"))}), "c")
	set, err := trusting(t).Load(single, dir)
	require.NoError(t, err)
	assert.Equal(t, []string{"c", "a.lic", "b.lic"}, paths(set))
	one := license.Feature{Name: "f1", Version: messages.V(2, 10), Seats: 5}
	assert.Equal(t, []license.Feature{one, one, one}, set.Features())
}

func TestSameSerialCountsOnce(t *testing.T) {
	dir := write(t, map[string][]byte{"a.lic": signed(t, nil), "copy.lic": signed(t, nil)})
	verifier := trusting(t)
	set, err := verifier.Load(dir, filepath.Join(dir, "a.lic"))
	require.NoError(t, err)
	assert.Equal(t, []string{"a.lic"}, paths(set))
}

func TestSameLicenceUnderANewKeyCountsOnce(t *testing.T) {
	dir := write(t, map[string][]byte{"a.lic": signed(t, nil), "new.lic": sign(t, nil, 2)})
	verifier := trusting(t)
	verifier.Keys = append(verifier.Keys, secretOf(t, 2).Public())
	set, err := verifier.Load(dir)
	require.NoError(t, err)
	assert.Equal(t, []string{"a.lic"}, paths(set))
}

func TestSameSerialWithOtherContentsIsAConflict(t *testing.T) {
	for name, other := range map[string]func(*license.License){
		"more seats": func(l *license.License) { l.Features[0].Seats = 6 },
		"expired":    expired("L-1"),
	} {
		dir := write(t, map[string][]byte{"a.lic": signed(t, nil), "b.lic": signed(t, other)})
		_, err := trusting(t).Load(dir)
		assert.Equal(t, Conflict, refusal(t, err).Reason, name)
		assert.ErrorContains(t, err, filepath.Join(dir, "a.lic")+" has the same serial L-1", name)
	}
}

func TestSameSerialOfAnotherVendorIsAnotherLicence(t *testing.T) {
	dir := write(t, map[string][]byte{
		"a.lic": signed(t, nil), "b.lic": signed(t, func(l *license.License) { l.Vendor = "Other" }),
	})
	set, err := trusting(t).Load(dir)
	require.NoError(t, err)
	assert.Len(t, set.Files, 2)
}

func TestSameFeatureWithAnotherShareIsAConflict(t *testing.T) {
	dir := write(t, map[string][]byte{"a.lic": signed(t, serial("a")), "b.lic": signed(t, func(l *license.License) {
		l.Serial, l.Features[0].Share = "b", license.ShareHost
	})})
	_, err := trusting(t).Load(dir)
	assert.Equal(t, Conflict, refusal(t, err).Reason)
	assert.ErrorContains(t, err, `b.lic refused: conflict: share of feature "f1" is host, and in `+filepath.Join(dir, "a.lic")+" it is none")
}

func TestOneRefusedFileRefusesAllAndEachIsNamed(t *testing.T) {
	dir := write(t, map[string][]byte{
		"a.lic": signed(t, nil), "b.lic": []byte("hello"), "c.lic": signed(t, func(l *license.License) { l.ServerID = "S2" }),
		"d.lic": []byte(strings.Repeat("x", MaxSize+1)),
	})
	set, err := trusting(t).Load(dir)
	for _, says := range []string{"b.lic refused: malformed", "c.lic refused: other server", "d.lic refused: too large"} {
		assert.ErrorContains(t, err, says)
	}
	assert.NotContains(t, err.Error(), "a.lic")
	assert.Zero(t, set)
}

func TestExpiredFileLeavesTheOthersInForce(t *testing.T) {
	old := func(l *license.License) {
		expired("old")(l)
		l.Features[0].Share = license.ShareUser // the feature is in force with another share
		l.Features = append(l.Features, license.Feature{Name: "gone", Seats: 1})
	}
	dir := write(t, map[string][]byte{"new.lic": signed(t, serial("new")), "old.lic": signed(t, old)})
	set, err := trusting(t).Load(dir)
	require.NoError(t, err)
	assert.Equal(t, []string{"new.lic"}, paths(set))
	require.Len(t, set.Inactive, 1)
	require.ErrorContains(t, set.Inactive[0], "old.lic refused: expired: it ended at 2030-06-01T11:00:00Z")
	features := set.Features()
	require.Len(t, features, 2)
	assert.Equal(t, "gone", features[1].Name, "it is listed, so that what is held of it ends")
	assert.Equal(t, now.Add(-time.Hour), features[1].Expires)
}

func TestFileOfALaterTimeAllowsNothingYet(t *testing.T) {
	dir := write(t, map[string][]byte{"a.lic": signed(t, serial("a")), "next.lic": signed(t, early("next"))})
	set, err := trusting(t).Load(dir)
	require.NoError(t, err)
	assert.Equal(t, []string{"a.lic"}, paths(set))
	assert.Empty(t, set.Inactive)
	require.Len(t, set.Future, 1)
	assert.Equal(t, "next", set.Future[0].License.Serial)
	features := set.Features()
	require.Len(t, features, 2)
	assert.Zero(t, features[0].Starts)
	assert.Equal(t, now.Add(time.Hour), features[1].Starts, "the server knows when")
}

func TestFeaturesOfExpiredAndLaterFilesMakeOneList(t *testing.T) {
	gone := func(share license.Share, at func(*license.License)) func(*license.License) {
		return func(l *license.License) {
			at(l)
			l.Features = []license.Feature{{Name: "gone", Seats: 1, Share: share}}
		}
	}
	for _, share := range []license.Share{license.ShareNone, license.ShareHost} {
		set, err := trusting(t).Load(write(t, map[string][]byte{
			"a.lic": signed(t, serial("a")), "next.lic": signed(t, gone(share, early("next"))), "old.lic": signed(t, gone(license.ShareNone, expired("old"))),
		}))
		require.NoError(t, err)
		config := server.Config{Ledger: &ledger.Memory{}, Insecure: true, Features: set.Features()}
		assert.NoError(t, config.Validate())
		assert.Equal(t, share == license.ShareNone, len(set.Future) == 1)
	}
}

func TestFileOfALaterTimeWithAnotherShareWaitsForAReload(t *testing.T) {
	dir := write(t, map[string][]byte{"a.lic": signed(t, serial("a")), "next.lic": signed(t, func(l *license.License) {
		early("next")(l)
		l.Features[0].Share = license.ShareHost
	})})
	set, err := trusting(t).Load(dir)
	require.NoError(t, err)
	assert.Empty(t, set.Future)
	require.Len(t, set.Inactive, 1)
	assert.ErrorContains(t, set.Inactive[0], `reload then, since by now its share of feature "f1" is host, and in `)
	assert.Len(t, set.Features(), 1)
}

func TestNothingInForceIsAnError(t *testing.T) {
	dir := write(t, map[string][]byte{"next.lic": signed(t, early("next")), "old.lic": signed(t, expired("old"))})
	_, err := trusting(t).Load(dir)
	require.ErrorContains(t, err, "old.lic refused: expired")
	assert.ErrorContains(t, err, "next.lic refused: not yet valid")
}

func TestPathsWithoutALicenceFileAreErrors(t *testing.T) {
	empty := t.TempDir()
	for says, paths := range map[string][]string{
		"0 files are named":             nil,
		"has no file that ends in .lic": {empty},
		"no such file":                  {filepath.Join(empty, "missing.lic")},
	} {
		_, err := trusting(t).Load(paths...)
		assert.ErrorContains(t, err, says)
	}
}

func TestTooManyFilesAreAnError(t *testing.T) {
	path := filepath.Join(write(t, map[string][]byte{"a": signed(t, nil)}), "a")
	many := make([]string, MaxFiles+1)
	for i := range many {
		many[i] = path
	}
	_, err := trusting(t).Load(many...)
	assert.ErrorContains(t, err, "1001 files are named: must be 1 to 1000")
}
