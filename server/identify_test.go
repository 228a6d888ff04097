package server

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"google.golang.org/grpc/credentials"

	"github.com/seatbeat/seatbeat/internal/testcert"
	"github.com/seatbeat/seatbeat/transport/wire"
)

func TestACertificateWithoutANameIsDenied(t *testing.T) {
	authority := testcert.New(t)
	_, address, _ := serve(t, Config{TLS: authority.Server()})
	seats := wire.NewSeatsClient(dial(t, address, credentials.NewTLS(authority.Client("", ""))))
	_, err := seats.Connect(t.Context(), &wire.ConnectRequest{Instance: []byte("sixteen bytes ok")})
	assert.Equal(t, wire.Reason_REASON_DENIED, refusalIn(err).GetReason())
}

func TestTheIdentityIsTheFirstOfURIDNSAndCommonName(t *testing.T) {
	cert := &x509.Certificate{
		URIs: []*url.URL{{Scheme: "spiffe", Host: "example.org", Path: "/a"}}, DNSNames: []string{"a.example.org"},
		Subject: pkix.Name{CommonName: "a"},
	}
	assert.Equal(t, "uri:spiffe://example.org/a", Identify(cert))
	cert.URIs = nil
	assert.Equal(t, "dns:a.example.org", Identify(cert))
	cert.DNSNames = nil
	assert.Equal(t, "cn:a", Identify(cert))
	assert.Empty(t, Identify(&x509.Certificate{}))
}
