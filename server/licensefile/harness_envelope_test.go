package licensefile

import (
	"crypto/ed25519"
	"encoding/binary"
)

func ed25519Of(n byte) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = n
	return ed25519.NewKeyFromSeed(seed)
}

// envelopeOf signs any bytes with the standard library alone, as the PASETO specification says. It changes nothing that the
// PASETO library would correct.
func envelopeOf(payload string, key SecretKey) string {
	return envelopeWith(payload, `{"kid":"`+key.Public().ID()+`"}`, key)
}

// envelopeWith is envelopeOf with any footer.
func envelopeWith(payload, footer string, key SecretKey) string {
	var signed []byte
	pieces := []string{header, payload, footer, ""}
	signed = binary.LittleEndian.AppendUint64(signed, uint64(len(pieces)))
	for _, piece := range pieces {
		signed = binary.LittleEndian.AppendUint64(signed, uint64(len(piece)))
		signed = append(signed, piece...)
	}
	signature := ed25519.Sign(ed25519.PrivateKey(key.key.ExportBytes()), signed)
	return header + base64url.EncodeToString(append([]byte(payload), signature...)) + "." +
		base64url.EncodeToString([]byte(footer))
}
