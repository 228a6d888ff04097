package server

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/seatbeat/seatbeat/internal/faults"
	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/internal/engine"
	"github.com/seatbeat/seatbeat/server/internal/grpcapi"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// Defaults of a Config.
const (
	// DefaultClientTimeout is five minutes, as usual for licence servers.
	DefaultClientTimeout = 5 * time.Minute
	// DefaultRetryAfter is long enough for the queue of the committer to drain, and short compared to any client
	// timeout.
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
	// DefaultClientWaiting is a few times the number of takes that one runtime queues at a time.
	DefaultClientWaiting = 256
	DefaultWaiting       = 10_000
	// DefaultIdentityRate is above what the handshakes of two cores allow.
	DefaultIdentityRate  = 2_000
	DefaultIdentityBurst = 20_000
)

// IdentityStreams is how many streams of the health service one identity has open at a time.
const IdentityStreams = grpcapi.MaxWatches

// MaxLimit is the highest value of the Limits that name no other bound.
const MaxLimit = 1 << 30

// Config is the configuration of a server. Ledger is required, and either TLS or Insecure.
type Config struct {
	// Ledger keeps grants and ends. The server opens it in New and closes it in Stop. Required.
	Ledger ledger.Ledger
	// Features is the list of what may be checked out. SetFeatures replaces it later.
	Features []license.Feature
	// ClientTimeout is how long a lease lives without a heartbeat. Default 5m; MinClientTimeout to MaxClientTimeout, in
	// whole milliseconds.
	ClientTimeout time.Duration
	// RetryAfter is after what time a client tries again when a limit or a shutdown of the server refused its call.
	// Default 1s; 1ms to 1h.
	RetryAfter time.Duration

	// TLS holds the server's certificate and the authorities of its clients; ClientAuth must be
	// RequireAndVerifyClientCert. TLS 1.3 is the lowest version, unless MinVersion says otherwise. The server keeps a copy.
	TLS *tls.Config
	// Insecure serves without TLS, on loopback only, and logs a warning. Every client then has the same identity.
	Insecure bool
	// InsecureRemote, with Insecure, serves without TLS on other addresses, too.
	InsecureRemote bool
	// Identify returns the identity of a client from its verified certificate. The server calls it for each call, on the
	// goroutine of that call; it must not block. A client whose identity is empty or longer than MaxIdentity bytes is
	// denied. Default: [Identify].
	Identify func(*x509.Certificate) string

	// ProvenNames returns the user and the host that a verified certificate proves, each empty when it proves none.
	// Features whose seats are shared by user or host use them, and otherwise what the client claims. For a certificate
	// that several machines or people use it must return neither. The server calls it for each Connect, like Identify.
	// Default: [ProvenNames].
	ProvenNames func(*x509.Certificate) (user, host string)
	// Names is used when ProvenNames is nil.
	//
	// Deprecated: use ProvenNames.
	Names func(*x509.Certificate) (user, host string)

	// Limits bound what clients can ask for.
	Limits Limits
	// Logger receives starts, stops, stalls and faults; nil discards them. A goroutine of the server calls its handler, one
	// record at a time: nothing waits for a handler that blocks. Records that it is too slow for are dropped and counted.
	Logger *slog.Logger
	// Audit gets one record for each grant, denial, checkin, expiry and release by an administrator; that word is the
	// message of the record. The attributes are: feature, version, count and lease; identity and instance of the client,
	// and user and host as the client claims them; reason and message; used and seats of the feature; overdrawn when the
	// grant exceeds the seats; and held_by when there were too few seats, which names up to three clients that hold some.
	// nil means no audit.
	//
	// A record is written after the decision is in the ledger, in order, by a goroutine of the server. A crash loses the
	// records of its last moments; the ledger loses nothing. Decisions never wait for the handler: a record that it answers
	// with an error or a panic, and records that do not fit into a queue of 65,536, are lost. The first loss is logged as
	// an error and all are counted in a metric. Once the handler works again, it gets a record "lost" with their number as
	// count. While it does not work, this is tried once a second. A queued checkout is logged once: when it is granted, refused or abandoned,
	// which is a denial. Calls that are refused as a whole, for their rate or while the server drains, are not logged.
	Audit *slog.Logger
	// AuditRequired refuses to grant seats, as Busy with RetryAfter, from the loss of a record until the handler of Audit
	// works again, and while the handler is half a queue behind. Heartbeats and returns go on. Without Audit it changes
	// nothing.
	AuditRequired bool
	// MeterProvider gets the server's metrics; nil means none. Apart from one sample of a histogram for each round of the
	// committer, metrics cost nothing until they are collected. They contain no name of a client.
	MeterProvider metric.MeterProvider

	wall  func() time.Time // time.Now; tests have another
	times grpcapi.Times    // of connections; tests have shorter ones
}

// Limits bound what clients can ask for. A call or take that exceeds a limit is refused with a retry-after. The protocol
// bounds the length of a message, of a batch and of a heartbeat.
type Limits struct {
	// Clients is how many clients there are at a time. A client counts while it holds a lease or waits, and for 5 seconds
	// after its last call. Default 100,000. At least 1.
	Clients int
	// InFlight is how many calls of one client are answered at a time; calls that are blocked in a queue do not count.
	// Default 256. At least 1.
	InFlight int
	// ClientLeases is how many leases one client holds. Default 2,000,000. At least 1.
	ClientLeases int
	// Leases is how many leases the server holds, including ended leases that it still remembers: about 120 bytes each, and
	// about 300 more for a client that has no other.
	// Default 8,000,000; 1 to 67,108,864.
	Leases int
	// Rate is how many takes and returns of one client are accepted in a second, on average. Default 20,000. At least 1.
	Rate int
	// Burst is how many takes and returns of one client are accepted at once after a pause: a client that recovers
	// takes all its seats again. Default 4,000,000; at least 1,024, the length of a batch.
	Burst int
	// SourceConnections is how many connections from one address are open at a time; further ones are closed as soon as
	// they are accepted. Loopback is no exception. Everything behind one NAT is one address, and so is an IPv6 network of
	// 64 bits. Default 1,024. At least 1.
	SourceConnections int
	// ClientWaiting is how many takes of one client are queued at a time. Default 256. At least 1.
	ClientWaiting int
	// Waiting is how many takes of all clients are queued at a time, each with a call that is blocked. Default 10,000. At
	// least 1.
	Waiting int

	// IdentityClients, IdentityLeases and IdentityWaiting are how much of Clients, Leases and Waiting the clients of one
	// identity use together, so that no identity uses up what all share: clients draw their instances themselves. Default:
	// half of each; all of it with Insecure, where every client has the same identity. At least 1.
	IdentityClients, IdentityLeases, IdentityWaiting int
	// IdentityRate is how many sessions the clients of one identity open in a second, and how many requests that the server
	// does not know they return in a second, each on average. Default 2,000. At least 1.
	IdentityRate int
	// IdentityBurst is the same at once after a while of silence. Default 20,000; at least 1,024, the length of a batch.
	IdentityBurst int
}

// Validate returns nil, or all faults of c joined, each a [*messages.FieldError] that names its field. New calls it.
func (c Config) Validate() error {
	var found faults.List
	d := c.withDefaults()
	if d.Ledger == nil {
		found.Add("Ledger", "is missing: pass one, &ledger.Memory{} for a test")
	}
	validateFeatures(&found, d.Features)
	if t := d.ClientTimeout; t < MinClientTimeout || t > MaxClientTimeout || t%time.Millisecond != 0 {
		found.Add("ClientTimeout", "is %s: must be %s to %s in whole milliseconds%s", t, MinClientTimeout, MaxClientTimeout,
			faults.Meant(t, MinClientTimeout, MaxClientTimeout))
	}
	found.AddDuration("RetryAfter", d.RetryAfter, time.Millisecond, time.Hour)
	d.validateSecurity(&found)
	d.Limits.validate(&found)
	return found.Err()
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

func (l Limits) validate(faults *faults.List) {
	for _, n := range []struct {
		field         string
		value, lo, hi int
	}{
		{"Limits.Clients", l.Clients, 1, MaxLimit}, {"Limits.InFlight", l.InFlight, 1, MaxLimit},
		{"Limits.ClientLeases", l.ClientLeases, 1, seats.MaxSlots}, {"Limits.Leases", l.Leases, 1, seats.MaxSlots},
		{"Limits.Rate", l.Rate, 1, MaxLimit}, {"Limits.Burst", l.Burst, wire.MaxBatch, MaxLimit},
		{"Limits.SourceConnections", l.SourceConnections, 1, MaxLimit},
		{"Limits.ClientWaiting", l.ClientWaiting, 1, MaxLimit}, {"Limits.Waiting", l.Waiting, 1, MaxLimit},
		{"Limits.IdentityClients", l.IdentityClients, 1, MaxLimit}, {"Limits.IdentityLeases", l.IdentityLeases, 1, seats.MaxSlots},
		{"Limits.IdentityWaiting", l.IdentityWaiting, 1, MaxLimit}, {"Limits.IdentityRate", l.IdentityRate, 1, MaxLimit},
		{"Limits.IdentityBurst", l.IdentityBurst, wire.MaxBatch, MaxLimit},
	} {
		if n.value < n.lo || n.value > n.hi {
			faults.Add(n.field, "is %d: must be %d to %d", n.value, n.lo, n.hi)
		}
	}
}

// seats returns the limits that the allocator enforces.
func (l Limits) seats() seats.Limits {
	return seats.Limits{
		Clients: l.Clients, InFlight: l.InFlight, ClientLeases: l.ClientLeases, Leases: l.Leases,
		Rate: l.Rate, Burst: l.Burst, ClientWaiting: l.ClientWaiting, Waiting: l.Waiting,
		IdentityClients: l.IdentityClients, IdentityLeases: l.IdentityLeases, IdentityWaiting: l.IdentityWaiting,
		IdentityRate: l.IdentityRate, IdentityBurst: l.IdentityBurst,
	}
}

// withDefaults returns a copy with the defaults of all fields that were left out.
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
	setDefault(&c.Limits.ClientWaiting, DefaultClientWaiting)
	setDefault(&c.Limits.Waiting, DefaultWaiting)
	c.Limits = c.Limits.withIdentityDefaults(c.Insecure)
	setDefault(&c.times, grpcapi.DefaultTimes)
	if c.Identify == nil {
		c.Identify = Identify
	}
	if c.ProvenNames == nil {
		c.ProvenNames = c.Names
	}
	if c.ProvenNames == nil {
		c.ProvenNames = ProvenNames
	}
	if c.wall == nil {
		c.wall = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// withIdentityDefaults returns a copy with the defaults of what one identity may use, where all other limits are set.
func (l Limits) withIdentityDefaults(oneIdentity bool) Limits {
	share := func(of int) int {
		if oneIdentity {
			return of
		}
		return (of + 1) / 2
	}
	setDefault(&l.IdentityClients, share(l.Clients))
	setDefault(&l.IdentityLeases, share(l.Leases))
	setDefault(&l.IdentityWaiting, share(l.Waiting))
	setDefault(&l.IdentityRate, DefaultIdentityRate)
	setDefault(&l.IdentityBurst, DefaultIdentityBurst)
	return l
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// engine returns the configuration of the engine. c has its defaults.
func (c Config) engine(audit *auditWriter) engine.Config {
	e := engine.Config{
		Ledger: c.Ledger, Features: c.Features, Limits: c.Limits.seats(), ClientTimeout: c.ClientTimeout,
		RetryAfter: c.RetryAfter, Logger: c.Logger, Wall: c.wall,
	}
	if audit != nil { // a nil writer in the interface would not be nil
		e.Audit = audit
	}
	return e
}

// api returns the configuration of the gRPC service. c has its defaults.
func (c Config) api() grpcapi.Config {
	return grpcapi.Config{
		ClientTimeout: c.ClientTimeout, TLS: c.TLS, Insecure: c.Insecure, Identify: c.Identify, ProvenNames: c.ProvenNames,
		Times: c.times, Logger: c.Logger,
	}
}
