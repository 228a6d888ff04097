// Package devcert makes throw-away certificates, for programs that start their own licence server on this machine and use
// mutual TLS as a real installation does. The certificates are files, so that other processes can read them.
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
	CA         = "ca.pem" // the authority that signed both certificates; nobody keeps its key
	ServerCert = "server.pem"
	ServerKey  = "server-key.pem"
	ClientCert = "client.pem"
	ClientKey  = "client-key.pem"
)

// lifetime is longer than any example runs, and long enough that no runtime warns of the end of a certificate.
const lifetime = 60 * 24 * time.Hour

// Write makes an authority, a certificate for a server on 127.0.0.1 and one for its clients, and writes them to files in
// an existing folder.
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

// Server returns the configuration of a licence server, from a folder that Write filled. It serves the clients of the
// same authority only.
func Server(folder string) (*tls.Config, error) {
	cert, pool, err := read(folder, ServerCert, ServerKey)
	return &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}, err
}

// Client returns the configuration of a client, from a folder that Write filled. It trusts the servers of the same
// authority only.
func Client(folder string) (*tls.Config, error) {
	cert, pool, err := read(folder, ClientCert, ClientKey)
	return &tls.Config{Certificates: []tls.Certificate{cert}, RootCAs: pool}, err
}

// write makes a key and a certificate for it, signed by the given key or, without one, by itself. It writes the
// certificate, and the key if keyName is not empty.
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
