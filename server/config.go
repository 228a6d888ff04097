package server

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/seatbeat/seatbeat/internal/faults"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/license"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// Defaults of a Config.
const (
	// DefaultClientTimeout: five minutes, the usual one of licence servers.
	DefaultClientTimeout = 5 * time.Minute
	// DefaultRetryAfter is long enough for a queue to drain and short beside any client timeout.
	DefaultRetryAfter = time.Second
)

// Bounds of Config.ClientTimeout.
const (
	MinClientTimeout = 100 * time.Millisecond
	MaxClientTimeout = 24 * time.Hour
)

// Defaults of Limits.
const (
	DefaultClients           = 100_000
	DefaultInFlight          = 256
	DefaultClientLeases      = 2_000_000
	DefaultLeases            = 8_000_000
	DefaultRate              = 20_000
	DefaultBurst             = 4_000_000
	DefaultSourceConnections = 1024
	// DefaultClientWaiting is a few times what a runtime has in line at once.
	DefaultClientWaiting = 256
	DefaultWaiting       = 10_000
)

// MaxLimit is the highest value of those Limits that name no other.
const MaxLimit = 1 << 30

// Config says how a server is to be. Ledger is required, and one of TLS and Insecure.
type Config struct {
	// Ledger keeps grants and ends. The server opens it in New and closes it in Stop. Required.
	Ledger Ledger
	// Features is the list of what may be checked out; SetFeatures changes it later.
	Features []Feature
	// ClientTimeout is how long a lease lives without a heartbeat. Default 5m; MinClientTimeout to MaxClientTimeout, in
	// whole milliseconds.
	ClientTimeout time.Duration
	// RetryAfter is when a client is asked to come back that met a limit or a server that is shutting down. Default 1s;
	// 1ms to 1h.
	RetryAfter time.Duration

	// TLS holds the server's certificate and the authorities of its clients; ClientAuth must be
	// RequireAndVerifyClientCert. TLS 1.3 is the lowest version, unless MinVersion says otherwise. The server keeps a copy.
	TLS *tls.Config
	// Insecure serves without TLS, on loopback only; it is logged as a warning. Every client then is the same identity.
	Insecure bool
	// InsecureRemote, with Insecure, serves without TLS on other addresses too.
	InsecureRemote bool
	// Identify returns the identity of a client from its verified certificate. It is called for each call, on the call's
	// goroutine, and must not block. An empty or oversized identity (over MaxIdentity bytes) is denied.
	// Default: [Identify].
	Identify func(*x509.Certificate) string

	// Names returns the user and the host that a verified certificate proves, each empty where it proves none: features
	// whose seats are shared by user or host go by them, and else by what the client claims. A certificate that machines
	// or people have in common must prove neither. It is called for each Connect, like Identify. Default: [Names].
	Names func(*x509.Certificate) (user, host string)

	// Limits bound what clients can ask for.
	Limits Limits
	// Logger receives starts, stops, stalls and faults; nil discards.
	Logger *slog.Logger
	// Audit gets one record for each grant, denial, checkin, expiry and release by an administrator, which is the record's
	// message: feature, version, count and lease; identity, instance, user and host of the client, the latter two as it
	// claims them; reason and message; seats in use and seats that there are; overdrawn where a grant went past them; and
	// held_by where there were too few, which names up to three who hold seats. nil means none.
	//
	// A record is written once the decision is in the ledger, in order, by a goroutine of the server's: a crash loses those
	// of its last moments, the ledger does not. A handler that is slower than the server for long holds up decisions rather
	// than miss one. A checkout that waits in line is in it once, when it is granted or refused, or given up by its client: that
	// is a denial, too. A call that is refused as a whole, since it comes too fast or while the server drains, is not in it.
	Audit *slog.Logger
	// MeterProvider gets the server's metrics; nil means none. Apart from one sample of a histogram for each round of the
	// committer they cost nothing until they are collected. No name of a client is in them.
	MeterProvider metric.MeterProvider

	wall  func() time.Time // time.Now; tests have another
	times times            // of connections; tests have shorter ones
}

// Limits bound what clients can ask for. One that is met is answered with a refusal that says when to come back. The
// length of a message, of a batch and of a heartbeat is bounded by the protocol.
type Limits struct {
	// Clients is how many clients are remembered at a time. Default 100,000. At least 1.
	Clients int
	// InFlight is how many calls of one client are answered at a time, those that wait in line not counted. Default 256. At
	// least 1.
	InFlight int
	// ClientLeases is how many leases one client holds. Default 2,000,000. At least 1.
	ClientLeases int
	// Leases is how many leases, ended ones still remembered included, the server holds: about 120 bytes each.
	// Default 8,000,000; 1 to 67,108,864.
	Leases int
	// Rate is how many seats of one client are taken and returned in a second, on average: each take and each return
	// counts. Default 20,000. At least 1.
	Rate int
	// Burst is how many may come at once after a while of silence: a client that recovers takes all it had anew.
	// Default 4,000,000; at least 1,024, the length of a batch.
	Burst int
	// SourceConnections is how many connections from one address are open at a time; further ones are closed as soon as
	// they come. Loopback is no exception; what is behind one NAT is one address, and so is a network of 64 bits of IPv6.
	// Default 1,024. At least 1.
	SourceConnections int
	// ClientWaiting is how many takes of one client wait in line at a time. Default 256. At least 1.
	ClientWaiting int
	// Waiting is how many takes of all clients wait in line at a time, each of them with a call that is held open.
	// Default 10,000. At least 1.
	Waiting int
}

// Validate returns nil, or all faults of c joined, each a [*messages.FieldError] that names its field. New calls it.
func (c Config) Validate() error {
	var faults faults.List
	d := c.withDefaults()
	if d.Ledger == nil {
		faults.Add("Ledger", "is missing: pass one, &MemoryLedger{} for a test")
	}
	validateFeatures(&faults, d.Features)
	if t := d.ClientTimeout; t < MinClientTimeout || t > MaxClientTimeout || t%time.Millisecond != 0 {
		faults.Add("ClientTimeout", "is %s: must be %s to %s in whole milliseconds", t, MinClientTimeout, MaxClientTimeout)
	}
	if d.RetryAfter < time.Millisecond || d.RetryAfter > time.Hour {
		faults.Add("RetryAfter", "is %s: must be 1ms to 1h", d.RetryAfter)
	}
	d.validateSecurity(&faults)
	d.Limits.validate(&faults)
	return faults.Err()
}

// validateFeatures adds the faults of a list of features.
func validateFeatures(faults *faults.List, features []license.Feature) {
	first := make(map[string]int, len(features))
	for i, f := range features {
		field := fmt.Sprintf("Features[%d]", i)
		validateFeature(faults, field, f)
		if at, known := first[f.Name]; !known {
			first[f.Name] = i
		} else if share := features[at].Share; share != f.Share {
			faults.Add(field+".Share", "is %s, and that of Features[%d], of the same name, is %s: they must agree", f.Share, at, share)
		}
	}
}

func validateFeature(faults *faults.List, field string, f license.Feature) {
	if err := (messages.Checkout{Feature: f.Name, Version: f.Version}).Validate(); err != nil {
		faults.Add(field, "cannot be checked out: %v", err)
	}
	if f.Seats < 0 || f.Seats > license.MaxSeats {
		faults.Add(field+".Seats", "is %d: must be 0 to %d", f.Seats, license.MaxSeats)
	}
	if f.Overdraft < 0 || f.Overdraft > license.MaxSeats {
		faults.Add(field+".Overdraft", "is %d: must be 0 to %d", f.Overdraft, license.MaxSeats)
	}
	if !f.Share.Valid() {
		faults.Add(field+".Share", "is %s: must be one of none, user, host and share", f.Share)
	}
}

func (c Config) validateSecurity(faults *faults.List) {
	switch {
	case c.TLS == nil && !c.Insecure:
		faults.Add("TLS", "is missing: pass one, or set Insecure to serve without")
	case c.TLS != nil && c.Insecure:
		faults.Add("Insecure", "is set beside TLS: choose one")
	case c.TLS != nil && c.TLS.ClientAuth != tls.RequireAndVerifyClientCert:
		faults.Add("TLS.ClientAuth", "is %s: must be RequireAndVerifyClientCert", c.TLS.ClientAuth)
	}
	if c.InsecureRemote && !c.Insecure {
		faults.Add("InsecureRemote", "is set without Insecure")
	}
}

func (l Limits) validate(faults *faults.List) {
	for _, n := range []struct {
		field         string
		value, lo, hi int
	}{
		{"Limits.Clients", l.Clients, 1, MaxLimit}, {"Limits.InFlight", l.InFlight, 1, MaxLimit},
		{"Limits.ClientLeases", l.ClientLeases, 1, maxSlot}, {"Limits.Leases", l.Leases, 1, maxSlot},
		{"Limits.Rate", l.Rate, 1, MaxLimit}, {"Limits.Burst", l.Burst, maxBatch, MaxLimit},
		{"Limits.SourceConnections", l.SourceConnections, 1, MaxLimit},
		{"Limits.ClientWaiting", l.ClientWaiting, 1, MaxLimit}, {"Limits.Waiting", l.Waiting, 1, MaxLimit},
	} {
		if n.value < n.lo || n.value > n.hi {
			faults.Add(n.field, "is %d: must be %d to %d", n.value, n.lo, n.hi)
		}
	}
}

// withDefaults returns a copy in which what was left out has its default.
func (c Config) withDefaults() Config {
	setDefault(&c.ClientTimeout, DefaultClientTimeout)
	setDefault(&c.RetryAfter, DefaultRetryAfter)
	setDefault(&c.Limits.Clients, DefaultClients)
	setDefault(&c.Limits.InFlight, DefaultInFlight)
	setDefault(&c.Limits.ClientLeases, DefaultClientLeases)
	setDefault(&c.Limits.Leases, DefaultLeases)
	setDefault(&c.Limits.Rate, DefaultRate)
	setDefault(&c.Limits.Burst, DefaultBurst)
	setDefault(&c.Limits.SourceConnections, DefaultSourceConnections)
	setDefault(&c.times, defaultTimes)
	setDefault(&c.Limits.ClientWaiting, DefaultClientWaiting)
	setDefault(&c.Limits.Waiting, DefaultWaiting)
	if c.Identify == nil {
		c.Identify = Identify
	}
	if c.Names == nil {
		c.Names = Names
	}
	if c.wall == nil {
		c.wall = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// The protocol's bounds, in the server's words.
const (
	maxBatch    = wire.MaxBatch
	maxBeat     = wire.MaxLeases * wire.IDLength
	maxReplaces = wire.MaxReplaces
)
