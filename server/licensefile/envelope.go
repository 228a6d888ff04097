package licensefile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	paseto "aidanwoods.dev/go-paseto"

	"github.com/seatbeat/seatbeat/server/license"
)

const (
	// MaxSize is the size of the largest licence file, in bytes. It is checked before anything else.
	MaxSize = 64 << 10
	// header is how every file begins. It names the one algorithm: Ed25519.
	header = "v4.public."
	// signatureSize is the size of an Ed25519 signature in bytes. The payload ends with the signature.
	signatureSize = 64
)

// Sign returns a licence as a file for its customer. Faults of l are returned joined, each a [*messages.FieldError].
func Sign(l license.License, key SecretKey) ([]byte, error) {
	if key.isZero() {
		return nil, errors.New("sign licence: there is no key")
	}
	if err := l.Validate(); err != nil {
		return nil, fmt.Errorf("sign licence: %w", err)
	}
	payload, err := json.Marshal(Contents(l))
	if err != nil {
		return nil, fmt.Errorf("sign licence: %w", err)
	}
	file, err := seal(payload, key)
	if err != nil {
		return nil, fmt.Errorf("sign licence: %w", err)
	}
	if len(file) > MaxSize {
		return nil, fmt.Errorf("sign licence: the file would have %d bytes: at most %d are allowed: split its features over several licences",
			len(file), MaxSize)
	}
	return file, nil
}

// seal signs any JSON object.
func seal(payload []byte, key SecretKey) ([]byte, error) {
	footer, err := json.Marshal(map[string]string{"kid": key.Public().ID()})
	if err != nil {
		return nil, err
	}
	token, err := paseto.NewTokenFromClaimsJSON(payload, footer)
	if err != nil {
		return nil, err
	}
	return []byte(token.V4Sign(key.key, nil) + "\n"), nil
}

// envelope is a file of the right form. Nothing in it is authentic until verify says so.
type envelope struct {
	token   string
	keyID   string
	payload []byte
}

// verify reports whether the contents are what this key signed.
func (e envelope) verify(key PublicKey) bool {
	_, err := paseto.NewParserWithoutExpiryCheck().ParseV4Public(key.key, e.token, nil)
	return err == nil
}

// parseEnvelope splits a file into its parts.
func parseEnvelope(file []byte) (envelope, *RefusedError) {
	if len(file) > MaxSize {
		return envelope{}, refuse(TooLarge, "it has more than %d bytes: name the file that the vendor sent", MaxSize)
	}
	token := string(bytes.Trim(file, " \t\r\n"))
	switch {
	case strings.HasPrefix(token, "k4."):
		return envelope{}, refuse(Malformed, "it is a key: name the licence file itself")
	case !strings.HasPrefix(token, header):
		return envelope{}, refuse(Malformed, "it does not begin with %q: name the file that the vendor sent", header)
	case strings.ContainsAny(token, " \t\r\n"):
		return envelope{}, refuse(Malformed, "it has spaces or line breaks inside: copy the vendor's file as it is")
	}
	e, err := split(token)
	if err != nil {
		return envelope{}, refuse(Malformed, "%v: copy the vendor's file anew as a whole", err)
	}
	return e, nil
}

// split decodes the parts of a token.
func split(token string) (envelope, error) {
	parts := strings.Split(strings.TrimPrefix(token, header), ".")
	if len(parts) != 2 {
		return envelope{}, errors.New("it does not have two parts after its beginning")
	}
	payload, err := base64url.DecodeString(parts[0])
	if err != nil || len(payload) < signatureSize {
		return envelope{}, errors.New("its contents are damaged")
	}
	footer, err := base64url.DecodeString(parts[1])
	if err != nil {
		return envelope{}, errors.New("the id of its key is damaged")
	}
	keyID, err := readFooter(footer)
	if err != nil {
		return envelope{}, err
	}
	return envelope{token: token, keyID: keyID, payload: payload[:len(payload)-signatureSize]}, nil
}

// readFooter returns the id of the key.
func readFooter(footer []byte) (string, error) {
	err := errors.New("it does not name its key")
	if !json.Valid(footer) {
		return "", err
	}
	var found textFaults
	in := readObject(footer, "footer.", &found)
	id := in.text("kid")
	in.end()
	hash, ok := strings.CutPrefix(id, idPrefix)
	raw, decodeErr := base64url.DecodeString(hash)
	if !ok || found.Err() != nil || decodeErr != nil || len(raw) != idSize || len(hash) != base64url.EncodedLen(idSize) {
		return "", err
	}
	return id, nil
}
