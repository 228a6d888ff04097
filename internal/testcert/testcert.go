// Package testcert makes certificates for tests of mutual TLS. Nothing outside of tests may use it.
package testcert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/url"
	"testing"
	"time"
)

// Authority is a certificate authority of one test. It trusts no certificate of another Authority. A failure of any
// method ends the test.
type Authority struct {
	tb   testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// New makes an authority.
func New(tb testing.TB) *Authority {
	tb.Helper()
	a := &Authority{tb: tb, key: newKey(tb)}
	template := template("test authority")
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign
	a.cert = parse(tb, sign(tb, template, template, &a.key.PublicKey, a.key))
	return a
}

// Server returns the configuration of a server at localhost, 127.0.0.1 and ::1 that requires certificates of this
// authority from its clients.
func (a *Authority) Server() *tls.Config {
	a.tb.Helper()
	template := template("test server")
	template.DNSNames = []string{"localhost"}
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	return &tls.Config{
		Certificates: []tls.Certificate{a.issue(template)},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    a.Pool(),
	}
}

// Client returns the configuration of a client that has a certificate with the common name, and trusts the authority.
// When id is not empty, the certificate also has it as a URI name, such as "spiffe://example.org/build".
func (a *Authority) Client(commonName, id string) *tls.Config {
	a.tb.Helper()
	template := template(commonName)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if id != "" {
		uri, err := url.Parse(id)
		check(a.tb, err)
		template.URIs = []*url.URL{uri}
	}
	return &tls.Config{Certificates: []tls.Certificate{a.issue(template)}, RootCAs: a.Pool()}
}

// Expired returns the configuration of a client whose certificate expired an hour ago.
func (a *Authority) Expired(commonName string) *tls.Config {
	a.tb.Helper()
	template := template(commonName)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	template.NotBefore, template.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
	return &tls.Config{Certificates: []tls.Certificate{a.issue(template)}, RootCAs: a.Pool()}
}

// Cert returns the certificate of the authority itself.
func (a *Authority) Cert() *x509.Certificate { return a.cert }

// Pool returns a pool with the certificate of this authority alone.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func (a *Authority) issue(template *x509.Certificate) tls.Certificate {
	a.tb.Helper()
	key := newKey(a.tb)
	der := sign(a.tb, template, a.cert, &key.PublicKey, a.key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: parse(a.tb, der)}
}

func template(commonName string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62)) // never fails
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: commonName},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(90 * 24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}

func newKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(tb, err)
	return key
}

func sign(tb testing.TB, template, parent *x509.Certificate, key *ecdsa.PublicKey, by *ecdsa.PrivateKey) []byte {
	tb.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, by)
	check(tb, err)
	return der
}

func parse(tb testing.TB, der []byte) *x509.Certificate {
	tb.Helper()
	cert, err := x509.ParseCertificate(der)
	check(tb, err)
	return cert
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
