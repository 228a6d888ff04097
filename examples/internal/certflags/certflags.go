// Package certflags turns the flags -ca, -cert and -key of a program into a TLS configuration.
package certflags

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// Client returns the configuration of a client, from PEM files: its certificate and key, and the authorities that it
// trusts, which are those of the system if ca is empty. An error names the flag whose file cannot be used.
func Client(ca, cert, key string) (*tls.Config, error) {
	own, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("-cert %s and -key %s cannot be used: %w", cert, key, err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{own}}
	if ca != "" {
		if config.RootCAs, err = loadPool(ca); err != nil {
			return nil, fmt.Errorf("-ca %s cannot be used: %w", ca, err)
		}
	}
	return config, nil
}

func loadPool(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("it contains no certificate: must be a PEM file with the certificates of your authority")
	}
	return pool, nil
}
