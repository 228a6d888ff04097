package main

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"time"
)

const (
	// certificateLifetime is how long the certificate of a server or client is valid.
	certificateLifetime = 365 * 24 * time.Hour
	// authorityLifetime is how long an authority is valid.
	authorityLifetime = 10 * certificateLifetime
	// clockTolerance is how far the clock of a peer may be behind this one: NotBefore of each certificate is that far in the past.
	clockTolerance = time.Hour
)

// newCertificate returns the fields that all certificates have in common. It is not signed yet.
func newCertificate(name string, usage x509.KeyUsage, lifetime time.Duration) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62)) // never fails
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-clockTolerance),
		NotAfter:     now.Add(lifetime),
		KeyUsage:     usage,
	}
}

// authorityCertificate returns the certificate of an authority, to be signed by itself.
func authorityCertificate(name string) *x509.Certificate {
	cert := newCertificate(name, x509.KeyUsageCertSign, authorityLifetime)
	cert.IsCA, cert.BasicConstraintsValid = true, true
	return cert
}

// serverCertificate returns the certificate of a server that clients reach at hosts, which are names or IP addresses.
func serverCertificate(name string, hosts []string) *x509.Certificate {
	cert := newCertificate(name, x509.KeyUsageDigitalSignature, certificateLifetime)
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

// clientCertificate returns the certificate of a client.
func clientCertificate(name string) *x509.Certificate {
	cert := newCertificate(name, x509.KeyUsageDigitalSignature, certificateLifetime)
	cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return cert
}
