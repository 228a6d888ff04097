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

// Use is what a certificate is for, and how errors call it.
type Use struct {
	usage x509.ExtKeyUsage
	owner string
	peer  string
}

var (
	// Server is the use of a certificate that a server proves itself with.
	Server = Use{x509.ExtKeyUsageServerAuth, "server", "client"}
	// Client is the use of a certificate that a client proves itself with.
	Client = Use{x509.ExtKeyUsageClientAuth, "client", "server"}
)

// Certificate reads a certificate, with those in between up to its authority, and its key. It refuses one that has expired or
// is for another use. The Leaf of what it returns is set.
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
