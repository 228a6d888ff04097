package licensefile

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/server/license"
)

func TestSignedLicenceOpensAsItWas(t *testing.T) {
	want := example(func(l *license.License) {
		l.ServerID, l.Starts, l.Expires = thisServer, now, now.Add(time.Second)
		l.Features = append(l.Features, license.Feature{Name: "f 2 <&> ü", Seats: 0, Expires: now.Add(time.Hour)})
	})
	file, err := Sign(want, secretOf(t, 1))
	require.NoError(t, err)
	got, err := trusting(t).Open(file)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestRefusalsSayWhyAndWhatToDo(t *testing.T) {
	for reason, c := range map[Reason]struct {
		file []byte
		says []string
	}{
		Malformed: {[]byte("hello"), []string{"does not begin with", "name the file that the vendor sent"}},
		TooLarge:  {bytes.Repeat([]byte("v4.public."), MaxSize/10+1), []string{"more than 65536 bytes"}},
		WrongKey: {sign(t, nil, 2), []string{secretOf(t, 2).Public().ID(), secretOf(t, 1).Public().ID(),
			"get the vendor's public key"}},
		Altered:      {altered(t), []string{"not what key " + secretOf(t, 1).Public().ID() + " signed", "copy the vendor's file anew"}},
		UnknownField: {signedText(t, with(t, "colour", "red")), []string{"colour is not known", "update it"}},
		OtherServer:  {signed(t, func(l *license.License) { l.ServerID = "S2" }), []string{"for server S2 and this is S1", "ask the vendor"}},
		NotYetValid: {signed(t, func(l *license.License) { l.Starts = now.Add(time.Second) }),
			[]string{"begins at 2030-06-01T12:00:01Z", "now is 2030-06-01T12:00:00Z", "clock"}},
		Expired: {signed(t, func(l *license.License) { l.Expires = now }),
			[]string{"ended at 2030-06-01T12:00:00Z", "now is 2030-06-01T12:00:00Z", "ask the vendor for a new one"}},
	} {
		t.Run(reason.String(), func(t *testing.T) {
			_, err := trusting(t).Open(c.file)
			assert.Equal(t, reason, refusal(t, err).Reason)
			for _, says := range append(c.says, "licence file refused: "+reason.String()+": ") {
				assert.ErrorContains(t, err, says)
			}
		})
	}
}

func sign(t *testing.T, change func(*license.License), key byte) []byte {
	t.Helper()
	file, err := Sign(example(change), secretOf(t, key))
	require.NoError(t, err)
	return file
}

// altered claims more seats under the signature of fewer.
func altered(t *testing.T) []byte {
	t.Helper()
	more := string(signed(t, func(l *license.License) { l.Features[0].Seats = 6 }))
	fewer := string(signed(t, nil))
	const signature = 86 // characters, and some that it shares with the contents
	body, footer, _ := strings.Cut(strings.TrimPrefix(more, header), ".")
	original, _, _ := strings.Cut(strings.TrimPrefix(fewer, header), ".")
	return []byte(header + body[:len(body)-signature] + original[len(original)-signature:] + "." + footer)
}

func TestNoBitOfAFileCanBeFlipped(t *testing.T) {
	file := signed(t, nil)
	verifier := trusting(t)
	for i := range file {
		for bit := range 8 {
			flipped := bytes.Clone(file)
			flipped[i] ^= 1 << bit
			_, err := verifier.Open(flipped)
			require.Error(t, err, "bit %d of byte %d", bit, i)
		}
	}
}

func TestNoByteOfAFileCanBeLeftOut(t *testing.T) {
	file := bytes.TrimSpace(signed(t, nil))
	verifier := trusting(t)
	for i := range file {
		_, err := verifier.Open(file[:i])
		require.Error(t, err, "the first %d bytes", i)
		_, err = verifier.Open(append(bytes.Clone(file[:i]), file[i+1:]...))
		require.Error(t, err, "without byte %d", i)
	}
}

func TestSpaceAroundAFileIsNoMatter(t *testing.T) {
	_, err := trusting(t).Open([]byte("\r\n " + string(signed(t, nil)) + "\t\r\n"))
	assert.NoError(t, err)
}

func TestOneOfSeveralKeysIsEnough(t *testing.T) {
	verifier := trusting(t)
	verifier.Keys = append(verifier.Keys, secretOf(t, 2).Public())
	_, err := verifier.Open(sign(t, nil, 2))
	assert.NoError(t, err)
}

func TestWithoutKeysNothingIsTrusted(t *testing.T) {
	for _, keys := range [][]PublicKey{nil, {{}}} {
		_, err := Verifier{Keys: keys, Now: now}.Open(signed(t, nil))
		assert.Equal(t, WrongKey, refusal(t, err).Reason)
	}
}

func TestNameOfATrustedKeyDoesNotHelpAnotherKey(t *testing.T) {
	footer := `{"kid":"` + secretOf(t, 1).Public().ID() + `"}`
	_, err := trusting(t).Open([]byte(envelopeWith(with(t, "serial", "L-1"), footer, secretOf(t, 2))))
	assert.Equal(t, Altered, refusal(t, err).Reason)
}

func TestBoundLicenceIsRefusedWhereTheServerIsNotKnown(t *testing.T) {
	verifier := trusting(t)
	verifier.ServerID = ""
	_, err := verifier.Open(signed(t, func(l *license.License) { l.ServerID = thisServer }))
	assert.Equal(t, OtherServer, refusal(t, err).Reason)
}

func TestLicenceIsValidFromItsStartUntilItsEnd(t *testing.T) {
	file := signed(t, func(l *license.License) { l.Starts, l.Expires = now, now.Add(time.Minute) })
	for offset, want := range map[time.Duration]bool{
		-time.Nanosecond: false, 0: true, time.Minute - time.Nanosecond: true, time.Minute: false,
	} {
		verifier := trusting(t)
		verifier.Now = now.Add(offset)
		_, err := verifier.Open(file)
		assert.Equal(t, want, err == nil, "%s after the start: %v", offset, err)
	}
}

func TestPeekShowsWhatItDoesNotTrust(t *testing.T) {
	got, err := ParseUnverified(sign(t, func(l *license.License) { l.Expires = now }, 2))
	require.NoError(t, err)
	assert.Equal(t, Unverified{
		License: example(func(l *license.License) { l.Expires = now }), KeyID: secretOf(t, 2).Public().ID(),
	}, got)
}
