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
	"os"
	"path/filepath"
	"time"
)

// Names of an authority's files.
const (
	authorityCert = "ca.pem"
	authorityKey  = "ca.key"
)

const (
	// certificateLife is how long a certificate is good for.
	certificateLife = 365 * 24 * time.Hour
	// authorityLife is how long an authority is good for: no certificate outlives it.
	authorityLife = 10 * certificateLife
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newAuthority makes an authority and writes its certificate, and its key if that has a path.
func newAuthority(certPath, keyPath, name string) (authority, error) {
	ca := certificate(name)
	ca.NotAfter = ca.NotBefore.Add(authorityLife)
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign
	key, err := authority{cert: ca}.issue(certPath, keyPath, ca)
	return authority{cert: ca, key: key}, err
}

// readAuthority reads an authority from a folder.
func readAuthority(folder string) (authority, error) {
	certPath, keyPath := filepath.Join(folder, authorityCert), filepath.Join(folder, authorityKey)
	pair, err := tls.LoadX509KeyPair(certPath, keyPath)
	if fault := (*fs.PathError)(nil); errors.As(err, &fault) {
		return authority{}, err
	} else if err != nil {
		return authority{}, fmt.Errorf("authority %s and %s: %w", certPath, keyPath, err)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || !pair.Leaf.IsCA {
		return authority{}, fmt.Errorf("authority %s: was not made by seatbeatd certs: name another folder", certPath)
	}
	if !time.Now().Before(pair.Leaf.NotAfter) {
		return authority{}, fmt.Errorf("authority %s: ran out at %s: make another one, in another folder", certPath,
			pair.Leaf.NotAfter.Format(time.RFC3339))
	}
	return authority{cert: pair.Leaf, key: key}, nil
}

// issue makes a key and a certificate for it, signed by the authority or, when that has no key yet, by itself. It writes
// the certificate, and the key if that has a path.
func (a authority) issue(certPath, keyPath string, cert *x509.Certificate) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	signer := a.key
	if signer == nil {
		signer = key
	}
	if !cert.IsCA && a.cert.NotAfter.Before(cert.NotAfter) {
		cert.NotAfter = a.cert.NotAfter
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, a.cert, &key.PublicKey, signer)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if keyPath != "" {
		if err := writePEM(keyPath, "PRIVATE KEY", secret, 0o600); err != nil {
			return nil, err
		}
	}
	return key, writePEM(certPath, "CERTIFICATE", der, 0o644)
}

// writePEM writes a file that is not there yet.
func writePEM(path, kind string, der []byte, mode os.FileMode) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already and is not overwritten: move it away to get a new one", path)
	}
	if err != nil {
		return err
	}
	return errors.Join(pem.Encode(file, &pem.Block{Type: kind, Bytes: der}), file.Sync(), file.Close())
}

// certificate returns what a certificate is to say, for now without what it is for.
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
