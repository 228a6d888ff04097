//go:build unix

package outagefile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
)

func TestFileStoreMakesItsFilesForTheOwnerOnly(t *testing.T) {
	l := newFixture(t)
	l.merge("S1", l.restart("b1", 1))
	for _, name := range []string{l.path, l.path + ".lock"} {
		info, err := os.Stat(name)
		require.NoError(t, err)
		assert.Equal(t, fileMode, info.Mode(), name)
	}
}

func TestFileStoreRefusesAPathThatCannotBeAFile(t *testing.T) {
	folder := t.TempDir()
	link := filepath.Join(folder, "link")
	require.NoError(t, os.Symlink(filepath.Join(folder, "elsewhere"), link))
	for name, c := range map[string]struct{ path, want string }{
		"no folder": {filepath.Join(folder, "none", "outages"), filepath.Join("none", "outages") + ".lock: no such file or directory"},
		"a folder":  {folder, "is not a regular file"},
		"a link":    {link, "is not a regular file"},
		"no path":   {"", "has no path"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewFileStore(c.path).Load(t.Context())
			assert.ErrorContains(t, err, c.want)
			_, err = NewFileStore(c.path).Merge(t.Context(), "S1", messages.OutageRecord{})
			assert.ErrorContains(t, err, c.want)
		})
	}
}
