package server

import (
	"crypto/tls"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/seatbeat/seatbeat/internal/tlsfiles"
)

// TLSFiles are the PEM files with which a server authenticates itself and its clients. They can be reloaded while the
// server serves: [LoadTLS] reads them for [Config.TLS].
type TLSFiles struct {
	// Cert is the server's certificate, with the intermediate certificates up to its authority. Key is its private key.
	// Both are required.
	Cert, Key string
	// ClientCA has the certificates of the authorities whose clients are served. Required.
	ClientCA string
}

// TLS is the configuration that was most recently read from files. Its methods are safe for concurrent use.
type TLS struct {
	files   TLSFiles
	current atomic.Pointer[tls.Config]
}

// LoadTLS reads the files. An error names the wrong file and says what the file must be.
func LoadTLS(files TLSFiles) (*TLS, error) {
	t := &TLS{files: files}
	if err := t.Reload(); err != nil {
		return nil, err
	}
	return t, nil
}

// Reload reads the files again. When it returns nil, new connections get the new certificate and are checked against the
// new authorities; open connections stay. An error changes nothing.
func (t *TLS) Reload() error {
	config, err := t.files.load(time.Now())
	if err != nil {
		return fmt.Errorf("load TLS files: %w", err)
	}
	t.current.Store(config)
	return nil
}

// Config returns the configuration for [Config.TLS]. It follows every later Reload.
func (t *TLS) Config() *tls.Config {
	config := t.current.Load().Clone()
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return t.current.Load(), nil }
	return config
}

// Expires returns when the server's certificate expires.
func (t *TLS) Expires() time.Time { return t.current.Load().Certificates[0].Leaf.NotAfter }

func (f TLSFiles) load(now time.Time) (*tls.Config, error) {
	cert, err := tlsfiles.Certificate(f.Cert, f.Key, tlsfiles.Server, now)
	if err != nil {
		return nil, err
	}
	pool, err := tlsfiles.Authorities(f.ClientCA, "clients")
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		Certificates: []tls.Certificate{cert},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    pool,
		MinVersion:   tls.VersionTLS13,
	}, nil
}
