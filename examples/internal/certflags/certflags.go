// Package certflags makes of the flags -ca, -cert and -key what a client needs for mutual TLS.
package certflags

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// Client returns what shows the certificate in a PEM file, and believes servers that the authorities in file ca signed,
// or those of the system if ca is empty. The error names the flag whose file cannot be used.
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
		return nil, errors.New("there is no certificate in it; expected is a PEM file with those of your authority")
	}
	return pool, nil
}
