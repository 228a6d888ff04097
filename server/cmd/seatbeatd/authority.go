package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// File names of an authority in its folder.
const (
	authorityCert = "ca.pem"
	authorityKey  = "ca.key"
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newAuthority makes an authority and writes its certificate, and its key unless keyPath is empty.
func newAuthority(certPath, keyPath, name string) (authority, error) {
	cert := authorityCertificate(name)
	key, err := authority{cert: cert}.issue(certPath, keyPath, cert)
	return authority{cert: cert, key: key}, err
}

// readAuthority reads the authority of a folder.
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
		return authority{}, fmt.Errorf("authority %s: expired at %s: make a new one in another folder", certPath,
			pair.Leaf.NotAfter.Format(time.RFC3339))
	}
	return authority{cert: pair.Leaf, key: key}, nil
}

// issue makes a key and a certificate for it, and writes the certificate, and the key unless keyPath is empty. The
// authority signs the certificate. An authority that has no key yet signs with the new one. No certificate outlives its
// authority.
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

// writePEM writes a file that does not exist yet.
func writePEM(path, kind string, der []byte, mode os.FileMode) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s already exists and is not overwritten: move it away to get a new one", path)
	}
	if err != nil {
		return err
	}
	return errors.Join(pem.Encode(file, &pem.Block{Type: kind, Bytes: der}), file.Sync(), file.Close())
}
