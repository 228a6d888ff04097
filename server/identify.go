package server

import (
	"context"
	"crypto/x509"
	"errors"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"

	"github.com/seatbeat/seatbeat/messages"
)

// MaxIdentity is the longest identity of a client, in bytes.
const MaxIdentity = 512

// Identify is the default of [Config.Identify]. It returns the certificate's first URI name (a SPIFFE id is one), else
// its first DNS name, else the common name of its subject, each with its kind in front: "uri:spiffe://example.org/ns/a",
// "dns:build7.example.org", "cn:build7". A certificate with none of them has no identity and is denied.
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

// caller returns the identity of the client that makes a call. Without TLS every client is the empty identity.
func (c Config) caller(ctx context.Context) (string, error) {
	if c.Insecure {
		return "", nil
	}
	cert, err := certificate(ctx)
	if err != nil {
		return "", &refusal{reason: messages.Denied, message: err.Error()}
	}
	identity := c.Identify(cert)
	if identity == "" || len(identity) > MaxIdentity {
		return "", &refusal{reason: messages.Denied, message: "the certificate names no client"}
	}
	return identity, nil
}

// certificate returns the verified certificate of the caller.
func certificate(ctx context.Context) (*x509.Certificate, error) {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return nil, errors.New("no connection")
	}
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	if !ok || len(info.State.VerifiedChains) == 0 || len(info.State.VerifiedChains[0]) == 0 {
		return nil, errors.New("no verified certificate")
	}
	return info.State.VerifiedChains[0][0], nil
}
