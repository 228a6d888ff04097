package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// File names of certificates and keys in a folder, beside those of the authority.
const (
	serverCert = "server.pem"
	serverKey  = "server.key"
	clientCert = "client.pem"
	clientKey  = "client.key"
)

// devCertificateReserve is how long a development certificate must stay valid to be used again.
const devCertificateReserve = 7 * 24 * time.Hour

// makeDevCertificates makes an authority, a certificate for a server on this machine and one for its clients, unless the
// folder has a complete set that stays valid for devCertificateReserve. The key of the authority is not kept.
func makeDevCertificates(folder string) error {
	if devCertificatesUsable(folder) {
		return nil
	}
	if err := replaceDevCertificates(folder); err != nil {
		return fmt.Errorf("make certificates: %w", err)
	}
	return nil
}

func replaceDevCertificates(folder string) error {
	path := func(name string) string { return filepath.Join(folder, name) }
	for _, name := range []string{authorityCert, serverCert, serverKey, clientCert, clientKey} {
		if err := os.Remove(path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	ca, err := newAuthority(path(authorityCert), "", "seatbeatd development authority")
	if err != nil {
		return err
	}
	server := serverCertificate("seatbeatd development server", []string{"127.0.0.1", "::1", "localhost"})
	if _, err = ca.issue(path(serverCert), path(serverKey), server); err != nil {
		return err
	}
	_, err = ca.issue(path(clientCert), path(clientKey), clientCertificate("seatbeatd development client"))
	return err
}

// devCertificatesUsable reports whether a folder has a complete set of certificates that fit together and stay valid for
// devCertificateReserve.
func devCertificatesUsable(folder string) bool {
	text, err := os.ReadFile(filepath.Join(folder, authorityCert))
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(text) {
		return false
	}
	for _, pair := range [][2]string{{serverCert, serverKey}, {clientCert, clientKey}} {
		cert, err := tls.LoadX509KeyPair(filepath.Join(folder, pair[0]), filepath.Join(folder, pair[1]))
		if err != nil {
			return false
		}
		_, err = cert.Leaf.Verify(x509.VerifyOptions{
			Roots: pool, CurrentTime: time.Now().Add(devCertificateReserve), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
		})
		if err != nil {
			return false
		}
	}
	return true
}
