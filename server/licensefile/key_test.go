package licensefile

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	paseto "aidanwoods.dev/go-paseto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The values are test vectors of the PASERK specification.
func TestIDsOfKeysAreThoseOfTheSpecification(t *testing.T) {
	for key, want := range map[string]string{
		"0000000000000000000000000000000000000000000000000000000000000000": "k4.pid.S_XQmeEwHbbvRmiyfXfHYpLGjXGzjTRSDoT1YtTakWFE",
		"707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f": "k4.pid.9ShR3xc8-qVJ_di0tc9nx0IDIqbatdeM2mqLFBJsKRHs",
	} {
		raw, err := hex.DecodeString(key)
		require.NoError(t, err)
		public, err := ParsePublicKey(publicPrefix + base64url.EncodeToString(raw))
		require.NoError(t, err)
		assert.Equal(t, want, public.ID())
	}
}

func TestKeysRoundTripAsText(t *testing.T) {
	secret := NewSecretKey()
	again, err := ParseSecretKey(secret.Text())
	require.NoError(t, err)
	assert.Equal(t, secret.Text(), again.Text())
	public, err := ParsePublicKey(secret.Public().String())
	require.NoError(t, err)
	assert.Equal(t, secret.Public().ID(), public.ID())
}

func TestSecretKeyDoesNotTellItselfWhenPrinted(t *testing.T) {
	secret := NewSecretKey()
	raw, _ := strings.CutPrefix(secret.Text(), secretPrefix)
	material := secret.key.ExportBytes()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, printed := range []string{fmt.Sprintf(verb, secret), fmt.Sprintf(verb, &secret), fmt.Sprintf(verb, []SecretKey{secret})} {
			assert.NotContains(t, printed, raw[:20], verb)
			assert.NotContains(t, strings.ToLower(printed), hex.EncodeToString(material[:8]), verb)
			assert.NotContains(t, printed, fmt.Sprintf("%d %d %d", material[0], material[1], material[2]), verb)
		}
	}
}

func TestKeyOfTheOtherKindIsNamed(t *testing.T) {
	secret := NewSecretKey()
	_, err := ParsePublicKey(secret.Text())
	require.ErrorContains(t, err, "it is the secret key")
	assert.NotContains(t, err.Error(), secret.Text()[len(secretPrefix):])
	_, err = ParseSecretKey(secret.Public().String())
	assert.ErrorContains(t, err, "it is the public key")
}

func TestDamagedKeysAreRefusedWithoutBeingRepeated(t *testing.T) {
	text := NewSecretKey().Text()
	swapped := NewSecretKey().Text()[:len(secretPrefix)+43] + text[len(secretPrefix)+43:]
	for _, damaged := range []string{"", "k4", secretPrefix, text[:len(text)-4], text + "AAAA", text + "\n", text + "=", "x" + text, swapped} {
		_, err := ParseSecretKey(damaged)
		require.Error(t, err, damaged)
		assert.NotContains(t, err.Error(), text[len(secretPrefix):len(text)-8])
	}
	public := NewSecretKey().Public().String()
	for _, damaged := range []string{"", publicPrefix, public[:len(public)-4], public + "AAAA", public + "\n", strings.ToUpper(public)} {
		_, err := ParsePublicKey(damaged)
		assert.Error(t, err, damaged)
	}
}

func TestNoKeySignsNothing(t *testing.T) {
	var none SecretKey
	assert.Zero(t, none.Public())
	_, err := Sign(example(nil), none)
	assert.ErrorContains(t, err, "there is no key")
}

// The library signs what the specification says, so that neither is tested only with itself.
func TestLibraryAndSpecificationAgreeOnASignature(t *testing.T) {
	key := secretOf(t, 1)
	token, err := paseto.NewTokenFromClaimsJSON([]byte(`{"a":1}`), []byte("footer"))
	require.NoError(t, err)
	assert.Equal(t, envelopeWith(`{"a":1}`, "footer", key), token.V4Sign(key.key, nil))
}
