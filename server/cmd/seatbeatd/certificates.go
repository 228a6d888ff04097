package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Names of the files in a folder of certificates, beside the authority's.
const (
	serverCert = "server.pem"
	serverKey  = "server.key"
	clientCert = "client.pem" // for development
	clientKey  = "client.key"
)

// certificateRest: a certificate for development that is good for less is made anew.
const certificateRest = 7 * 24 * time.Hour

// makeCertificates makes an authority, a certificate for a server on this machine and one for its clients, unless the
// folder has some that are good for a while. The key of the authority is not kept.
func makeCertificates(folder string) error {
	if usable(folder) {
		return nil
	}
	if err := replaceCertificates(folder); err != nil {
		return fmt.Errorf("make certificates: %w", err)
	}
	return nil
}

func replaceCertificates(folder string) error {
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

// serverCertificate returns what the certificate of a server is to say that is reached at names and addresses.
func serverCertificate(name string, hosts []string) *x509.Certificate {
	cert := certificate(name)
	cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			cert.IPAddresses = append(cert.IPAddresses, ip)
		} else {
			cert.DNSNames = append(cert.DNSNames, host)
		}
	}
	return cert
}

func clientCertificate(name string) *x509.Certificate {
	cert := certificate(name)
	cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return cert
}

// usable reports whether a folder has a whole set of certificates that fit together and stay good for a while.
func usable(folder string) bool {
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
			Roots: pool, CurrentTime: time.Now().Add(certificateRest), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
		})
		if err != nil {
			return false
		}
	}
	return true
}
