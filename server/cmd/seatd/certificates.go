package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Names of the files in a folder of certificates.
const (
	authorityCert = "ca.pem" // its key is not kept
	serverCert    = "server.pem"
	serverKey     = "server.key"
	clientCert    = "client.pem"
	clientKey     = "client.key"
)

const (
	// certificateLife is how long a certificate is good for.
	certificateLife = 365 * 24 * time.Hour
	// certificateRest: one that is good for less is made anew.
	certificateRest = 7 * 24 * time.Hour
)

// makeCertificates makes an authority, a certificate for a server on this machine and one for its clients, unless the
// folder has some that are good for a while.
func makeCertificates(folder string) error {
	if usable(folder) {
		return nil
	}
	ca := certificate("seatd development authority")
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign
	caKey, err := issue(filepath.Join(folder, authorityCert), "", ca, ca, nil)
	if err != nil {
		return fmt.Errorf("make certificates: %w", err)
	}
	server := certificate("seatd development server")
	server.IPAddresses, server.DNSNames = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}, []string{"localhost"}
	server.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	client := certificate("seatd development client")
	client.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	_, err = issue(filepath.Join(folder, serverCert), filepath.Join(folder, serverKey), server, ca, caKey)
	if err == nil {
		_, err = issue(filepath.Join(folder, clientCert), filepath.Join(folder, clientKey), client, ca, caKey)
	}
	if err != nil {
		return fmt.Errorf("make certificates: %w", err)
	}
	return nil
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

// issue makes a key and a certificate for it, signed by the parent's key or, without one, by itself. It writes the
// certificate, and the key if that has a name.
func issue(certPath, keyPath string, cert, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, err
	}
	if err := writePEM(certPath, "CERTIFICATE", der, 0o644); err != nil || keyPath == "" {
		return key, err
	}
	if der, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
		return nil, err
	}
	return key, writePEM(keyPath, "PRIVATE KEY", der, 0o600)
}

// writePEM replaces a file; one that was there may have had another mode.
func writePEM(path, kind string, der []byte, mode os.FileMode) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
}

func certificate(name string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62)) // never fails
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(certificateLife),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}
