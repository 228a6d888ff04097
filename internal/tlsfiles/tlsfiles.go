// Package tlsfiles reads certificates, keys and authorities from PEM files, for clients and servers alike. Its errors name
// the file, and say what is expected of it.
package tlsfiles

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"
)

// Use is the purpose of a certificate, with the words for it in errors.
type Use struct {
	usage x509.ExtKeyUsage
	owner string
	peer  string
}

var (
	// Server is the use of the certificate of a server.
	Server = Use{x509.ExtKeyUsageServerAuth, "server", "client"}
	// Client is the use of the certificate of a client.
	Client = Use{x509.ExtKeyUsageClientAuth, "client", "server"}
)

// Certificate reads a certificate, the intermediate certificates up to its authority, and its key. It refuses a
// certificate that has expired or is for another use. The Leaf of the result is set.
func Certificate(cert, key string, use Use, now time.Time) (tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if fault := (*fs.PathError)(nil); errors.As(err, &fault) {
		return pair, err
	} else if err != nil {
		return pair, fmt.Errorf("certificate %s and key %s: %w", cert, key, err)
	}
	if !now.Before(pair.Leaf.NotAfter) {
		return pair, fmt.Errorf("certificate %s: expired at %s: get a new one from your authority", cert,
			pair.Leaf.NotAfter.Format(time.RFC3339))
	}
	uses := pair.Leaf.ExtKeyUsage
	if len(uses) > 0 && !slices.Contains(uses, use.usage) && !slices.Contains(uses, x509.ExtKeyUsageAny) {
		return pair, fmt.Errorf("certificate %s: is not a %s certificate, so every %s would refuse it: get one for a %s from your authority",
			cert, use.owner, use.peer, use.owner)
	}
	return pair, nil
}

// Authorities reads the authorities of the other side. Whose names them in errors: "clients" or "servers".
func Authorities(file, whose string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("authorities of %s %s: it contains no certificate; it must be a PEM file", whose, file)
	}
	return pool, nil
}
