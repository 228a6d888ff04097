// Package devcert makes throw-away certificates for programs that start their own licence server on this machine, so that
// they talk mutual TLS as a real installation does. They are files, since other processes read them too.
package devcert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Names of the files in the folder that Write fills.
const (
	CA         = "ca.pem" // of the authority that signed both certificates; its key is not kept
	ServerCert = "server.pem"
	ServerKey  = "server-key.pem"
	ClientCert = "client.pem"
	ClientKey  = "client-key.pem"
)

// lifetime is far more than any example runs.
const lifetime = 24 * time.Hour

// Write makes an authority, a certificate for a server on 127.0.0.1 and one for its clients, and writes them to files in
// a folder that exists.
func Write(folder string) error {
	ca := template("seatbeat example authority")
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign
	caKey, err := write(folder, CA, "", ca, ca, nil)
	if err != nil {
		return fmt.Errorf("make certificates: %w", err)
	}
	server := template("seatbeat example server")
	server.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	server.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	client := template("seatbeat example client")
	client.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if _, err = write(folder, ServerCert, ServerKey, server, ca, caKey); err == nil {
		_, err = write(folder, ClientCert, ClientKey, client, ca, caKey)
	}
	if err != nil {
		return fmt.Errorf("make certificates: %w", err)
	}
	return nil
}

// Server returns what a licence server needs from a folder that Write filled: its certificate, and whom it serves.
func Server(folder string) (*tls.Config, error) {
	cert, pool, err := read(folder, ServerCert, ServerKey)
	return &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}, err
}

// Client returns what an application needs: its certificate, and which servers it trusts.
func Client(folder string) (*tls.Config, error) {
	cert, pool, err := read(folder, ClientCert, ClientKey)
	return &tls.Config{Certificates: []tls.Certificate{cert}, RootCAs: pool}, err
}

// write makes a key and a certificate for it, signed by the parent's key or, without one, by itself. It writes the
// certificate, and the key if that has a name.
func write(folder, certName, keyName string, cert, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*ecdsa.PrivateKey, error) {
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
	if err := writePEM(filepath.Join(folder, certName), "CERTIFICATE", der); err != nil || keyName == "" {
		return key, err
	}
	if der, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
		return nil, err
	}
	return key, writePEM(filepath.Join(folder, keyName), "PRIVATE KEY", der)
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

func read(folder, certName, keyName string) (tls.Certificate, *x509.CertPool, error) {
	cert, err := tls.LoadX509KeyPair(filepath.Join(folder, certName), filepath.Join(folder, keyName))
	if err != nil {
		return cert, nil, fmt.Errorf("read certificate: %w", err)
	}
	ca, err := os.ReadFile(filepath.Join(folder, CA))
	if err != nil {
		return cert, nil, fmt.Errorf("read authority: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return cert, nil, fmt.Errorf("read authority: %s has no certificate", CA)
	}
	return cert, pool, nil
}

func template(name string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62)) // never fails
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(lifetime),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}
