package grpctransport

import (
	"crypto/tls"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// Defaults of a Config.
const (
	// DefaultKeepalive: often enough for a firewall that forgets idle connections after some minutes.
	DefaultKeepalive = time.Minute
	// DefaultKeepaliveTimeout is far above any round trip, and below the deadline of a heartbeat.
	DefaultKeepaliveTimeout = 15 * time.Second
)

// Config says how servers are reached. The zero value is TLS with the system's roots and without a client certificate.
type Config struct {
	// TLS holds the client's certificate and the authorities of its servers; nil means the system's roots. The server's
	// name is the host of the address dialled, unless ServerName says otherwise. TLS 1.3 is the lowest version, unless
	// MinVersion says otherwise. New keeps a copy.
	TLS *tls.Config
	// Files holds the same as TLS, read from files and read again whenever they change: see [LoadTLS]. TLS must be nil then.
	Files *TLS
	// Insecure talks without TLS: anybody on the way can read and use the leases. TLS and Files must be nil then.
	Insecure bool
	// Keepalive is the pause after which an idle connection is pinged, so that a dead one is found and a firewall does
	// not forget a live one. Default 1m; at least 30s, since servers cut off who pings more often. Negative turns it off.
	Keepalive time.Duration
	// KeepaliveTimeout is how long a ping may stay unanswered before the connection is given up, and with it every call
	// on it. Default 15s; 1s or more.
	KeepaliveTimeout time.Duration
}

// Validate returns nil, or all faults of c joined, each a [*messages.FieldError] that names its field. Connect calls it,
// since New has no error to return.
func (c Config) Validate() error {
	var faults messages.Faults
	d := c.withDefaults()
	if d.Insecure && (d.TLS != nil || d.Files != nil) {
		faults.Add("Insecure", "is set beside TLS or Files: choose one")
	}
	if d.TLS != nil && d.Files != nil {
		faults.Add("Files", "is set beside TLS: choose one")
	}
	if d.Keepalive >= 0 && d.Keepalive < wire.MinKeepalive {
		faults.Add("Keepalive", "is %s: must be at least %s, or negative for none", d.Keepalive, wire.MinKeepalive)
	}
	if d.KeepaliveTimeout < time.Second {
		faults.Add("KeepaliveTimeout", "is %s: must be at least 1s", d.KeepaliveTimeout)
	}
	return faults.Err()
}

func (c Config) withDefaults() Config {
	if c.Keepalive == 0 {
		c.Keepalive = DefaultKeepalive
	}
	if c.KeepaliveTimeout == 0 {
		c.KeepaliveTimeout = DefaultKeepaliveTimeout
	}
	if c.TLS != nil {
		c.TLS = c.TLS.Clone()
	}
	return c
}
