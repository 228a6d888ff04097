package licensefile

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/license"
)

func TestFaultySpellingOfATokenIsMalformed(t *testing.T) {
	text := strings.TrimSpace(string(signed(t, nil)))
	body, footer, _ := strings.Cut(strings.TrimPrefix(text, header), ".")
	key := secretOf(t, 1)
	for _, file := range []string{
		"", "\n", header, header + ".", header + body, header + body + ".", header + body + ".." + footer,
		header + "." + footer, text + ".x", text + "\n" + text, "v2.public." + body + "." + footer,
		"v4.local." + body + "." + footer, strings.ToUpper(text), header + body[:40] + "\n" + body[40:] + "." + footer,
		header + body + "=." + footer, key.Text(), key.Public().String(),
		envelopeWith(with(t, "serial", "x"), "", key), envelopeWith(with(t, "serial", "x"), "{}", key),
		envelopeWith(with(t, "serial", "x"), `{"kid":"me"}`, key),
		envelopeWith(with(t, "serial", "x"), `{"kid":"`+key.Public().ID()+`","alg":"none"}`, key),
		envelopeWith(with(t, "serial", "x"), `{"kid":"`+key.Public().ID()+`","kid":"`+key.Public().ID()+`"}`, key),
		envelopeWith(with(t, "serial", "x"), `{"kid":"`+key.Public().ID()+`\n"}`, key),
	} {
		_, err := trusting(t).Open([]byte(file))
		assert.Equal(t, Malformed, refusal(t, err).Reason, file)
	}
}

func TestSignRefusesWhatNoServerWouldOpen(t *testing.T) {
	_, err := Sign(example(func(l *license.License) { l.Features[0].Seats = -1 }), secretOf(t, 1))
	require.ErrorContains(t, err, "features[0].seats is -1")
	_, err = Sign(example(func(l *license.License) { l.Features = make([]license.Feature, 2000); fill(l.Features) }), secretOf(t, 1))
	assert.ErrorContains(t, err, "split its features over several licences")
}

func fill(features []license.Feature) {
	for i := range features {
		features[i] = license.Feature{Name: "f", Version: messages.V(1, 0), Seats: 1}
	}
}
