package server

import (
	"crypto/x509"

	"github.com/seatbeat/seatbeat/server/internal/grpcapi"
)

// MaxIdentity is the length of the longest identity of a client, in bytes.
const MaxIdentity = grpcapi.MaxIdentity

// Identify is the default of [Config.Identify]. It returns the certificate's first URI name (a SPIFFE id is one), otherwise
// its first DNS name, otherwise the common name of its subject. A prefix names the kind: "uri:spiffe://example.org/ns/a",
// "dns:build7.example.org", "cn:build7". A certificate with none of them has no identity, and its client is denied.
func Identify(cert *x509.Certificate) string {
	switch {
	case len(cert.URIs) > 0:
		return "uri:" + cert.URIs[0].String()
	case len(cert.DNSNames) > 0:
		return "dns:" + cert.DNSNames[0]
	case cert.Subject.CommonName != "":
		return "cn:" + cert.Subject.CommonName
	default:
		return ""
	}
}

// ProvenNames is the default of [Config.ProvenNames]: the user is the certificate's first e-mail address, the host its
// first DNS name.
func ProvenNames(cert *x509.Certificate) (user, host string) {
	if len(cert.EmailAddresses) > 0 {
		user = cert.EmailAddresses[0]
	}
	if len(cert.DNSNames) > 0 {
		host = cert.DNSNames[0]
	}
	return user, host
}
