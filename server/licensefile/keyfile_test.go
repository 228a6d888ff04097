package licensefile

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWrittenKeysAreReadAgain(t *testing.T) {
	secretPath, publicPath := keyPaths(t)
	want, err := WriteKeys(secretPath, publicPath)
	require.NoError(t, err)
	public, err := ReadPublicKey(publicPath)
	require.NoError(t, err)
	secret, err := ReadSecretKey(secretPath)
	require.NoError(t, err)
	assert.Equal(t, []string{want.ID(), want.ID()}, []string{public.ID(), secret.Public().ID()})
}

func keyPaths(t *testing.T) (secret, public string) {
	t.Helper()
	dir := t.TempDir()
	return filepath.Join(dir, "vendor.secret"), filepath.Join(dir, "vendor.public")
}

func TestSecretKeyFileIsForItsOwnerAlone(t *testing.T) {
	secretPath, publicPath := keyPaths(t)
	_, err := WriteKeys(secretPath, publicPath)
	require.NoError(t, err)
	info, err := os.Stat(secretPath)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm())

	require.NoError(t, os.Chmod(secretPath, 0o640))
	_, err = ReadSecretKey(secretPath)
	assert.ErrorContains(t, err, "has mode 0640, so others may read it: chmod 600 it")
}

func TestNoKeyFileIsOverwritten(t *testing.T) {
	for _, there := range []string{"secret", "public"} {
		secretPath, publicPath := keyPaths(t)
		path := map[string]string{"secret": secretPath, "public": publicPath}[there]
		require.NoError(t, os.WriteFile(path, []byte("precious"), 0o600))
		_, err := WriteKeys(secretPath, publicPath)
		require.ErrorIs(t, err, fs.ErrExist)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, "precious", string(text))
		inside, err := os.ReadDir(filepath.Dir(path))
		require.NoError(t, err)
		assert.Len(t, inside, 1, "half a pair is not left behind")
	}
}

func TestKeyFileHasOneKeyAndComments(t *testing.T) {
	one, two := secretOf(t, 1).Public().String(), secretOf(t, 2).Public().String()
	for text, says := range map[string]string{
		one: "", "\n# of the vendor\r\n" + one + "\r\n\n": "",
		"": "has no key in it", "# none\n": "has no key in it", one + "\n" + two: "has more than one key",
		string(make([]byte, maxKeyFile+1)): "it is no key", "hello": "it does not begin with",
	} {
		path := filepath.Join(t.TempDir(), "key")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := ReadPublicKey(path)
		if says == "" {
			assert.NoError(t, err)
		} else {
			assert.ErrorContains(t, err, says)
		}
	}
}
