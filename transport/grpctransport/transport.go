package grpctransport

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// Transport reaches licence servers over gRPC. It is safe for concurrent use and holds nothing open by itself: every
// connection belongs to a session.
type Transport struct {
	config   Config
	fault    error
	instance [16]byte // of clients that have none
}

var (
	_ transport.Transport = (*Transport)(nil)
	_ transport.Certified = (*Transport)(nil)
)

// New returns a Transport. When the configuration is faulty, every Connect returns the error of [Config.Validate].
func New(config Config) *Transport {
	t := &Transport{config: config.withDefaults(), fault: config.Validate()}
	_, _ = rand.Read(t.instance[:]) // never fails
	return t
}

// Connect opens a session with the server at an address of the form "host:port", IPv6 as "[::1]:6200". It blocks until
// the server has answered, cannot be reached, or ctx ends. The client is that of [transport.ClientFrom]; a client
// without an instance gets the instance of the Transport.
func (t *Transport) Connect(ctx context.Context, address transport.Address) (transport.Session, error) {
	if ctx == nil {
		return nil, fmt.Errorf("connect %s: the context is nil", address)
	}
	if t.fault != nil {
		return nil, fmt.Errorf("connect %s: grpctransport: %w", address, t.fault)
	}
	host, port, err := net.SplitHostPort(string(address))
	if err != nil {
		return nil, fmt.Errorf("connect %s: not of the form host:port: %w", address, err)
	}
	s, err := newSession(address, newDialer(host, port), t.config)
	if err != nil {
		return nil, fmt.Errorf("connect %s: %w", address, err)
	}
	if err := s.connect(ctx, t.request(ctx)); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// Certificate returns when the client's certificate expires; zero when there is none, or when a function of Config.TLS has
// it. With Config.Files it looks whether the files have changed, and the fault is that of [TLS.Fault].
func (t *Transport) Certificate() (expires time.Time, fault error) {
	if files := t.config.Files; files != nil {
		files.latest()
		return files.Expires(), files.Fault()
	}
	if t.config.TLS == nil || len(t.config.TLS.Certificates) == 0 {
		return time.Time{}, nil
	}
	own := t.config.TLS.Certificates[0]
	if own.Leaf == nil && len(own.Certificate) > 0 {
		if own.Leaf, fault = x509.ParseCertificate(own.Certificate[0]); fault != nil {
			return time.Time{}, fmt.Errorf("the client's certificate: %w", fault)
		}
	}
	if own.Leaf == nil {
		return time.Time{}, nil
	}
	return own.Leaf.NotAfter, nil
}

// request returns the client as the wire has it.
func (t *Transport) request(ctx context.Context) *wire.ConnectRequest {
	client := transport.ClientFrom(ctx)
	if client.Instance == [16]byte{} {
		client.Instance = t.instance
	}
	return &wire.ConnectRequest{
		Instance: client.Instance[:],
		Name:     label(client.Name), User: label(client.User), Host: label(client.Host), Share: label(client.Share),
	}
}

// label cuts a text to the length that the wire allows, and removes invalid UTF-8.
func label(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), wire.MaxLabel)], "")
}
