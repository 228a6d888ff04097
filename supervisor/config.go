package supervisor

import (
	"log/slog"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"go.opentelemetry.io/otel/metric"

	"github.com/seatbeat/seatbeat/actors/outage"
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// Defaults of Config; a zero field means its default.
const (
	// DefaultInterval is the pause between two heartbeats of one connection (rule 2).
	DefaultInterval = 2 * time.Minute
	// DefaultFailoverRounds is how many beats in a row may search the servers before it is decided (rule 12).
	DefaultFailoverRounds = 1
	// DefaultWindow is the window in which outages are counted (section 3).
	DefaultWindow = time.Hour
	// DefaultConnectTimeout is how long one server may take to answer a first checkout (rule 21).
	DefaultConnectTimeout = 5 * time.Second
)

// Bounds of Config.
const (
	// MaxServers is the most servers of a search list.
	MaxServers = 64
	// MaxAttempts bounds Heartbeat.Attempts and Heartbeat.FailoverRounds.
	MaxAttempts = 10_000
	// MaxOutages bounds DownLimit.Max.
	MaxOutages = 500
	// MaxWindow bounds DownLimit.Window.
	MaxWindow = 7 * 24 * time.Hour
	// MaxInterval bounds Heartbeat.Interval and ConnectTimeout.
	MaxInterval = 24 * time.Hour

	// Intervals outside of these are accepted with one warning (rule 2).
	minAdvisedInterval = 30 * time.Second
	maxAdvisedInterval = 2 * time.Minute
)

// Config says how a runtime works. Only Transport and Servers are required. It is read once, by Start.
type Config struct {
	// Transport reaches the licence servers. Required.
	Transport transport.Transport
	// Servers is the search list: a first checkout asks them in this order. Required, 1 to MaxServers, each once.
	// Several addresses of one server are recognised by its ServerID.
	Servers []transport.Address
	// Heartbeat says when to beat and when to give up. Automatic heartbeats are off by default.
	Heartbeat Heartbeat
	// DownLimit makes the application unavailable when a server goes down and comes back too often. Off by default.
	DownLimit DownLimit
	// EnforceTimeout ends licenses whose lease the server may have given away, because no heartbeat was acknowledged for
	// the client timeout less a margin. Off by default: the license goes on and LeaseAtRisk is published.
	EnforceTimeout bool
	// ConnectTimeout is how long one server may take to answer a first checkout, or a request for seats after a failure.
	// Default 5s; positive, at most MaxInterval. The deadline of a Checkout's context shortens it.
	ConnectTimeout time.Duration
	// Restarts says how often and how fast an actor of ours is restarted after a panic, which is always a defect of ours;
	// see RestartPolicy for its defaults and bounds.
	Restarts RestartPolicy
	// Client says who connects. The zero value is filled in from the operating system.
	Client Client
	// Callbacks are told of the five events that vendors' users know, on one goroutine, in order.
	Callbacks Callbacks
	// OnEvent is told of every event, on a goroutine of its own, in order, one at a time. Nil: nobody.
	OnEvent func(messages.Event)
	// Logger gets one record for each event. Nil discards.
	Logger *slog.Logger
	// MeterProvider gets metrics: features by state, heartbeats, recoveries, outages, dropped events. Nil: none, at no cost.
	MeterProvider metric.MeterProvider
	// System runs the actors, for a host that runs protoactor itself: every event is also published on its EventStream, on
	// a goroutine of ours, and Close leaves it running. Nil: a system of our own.
	System *actor.ActorSystem

	wall  func() time.Time                       // the wall clock; replaced by tests
	fault func(point, actor string, message any) // makes actors panic in tests

	seed func() [32]byte // of the random numbers of one connection; replaced by tests
}

// Heartbeat says when to beat and when to give up.
type Heartbeat struct {
	// Attempts turns automatic heartbeats on: so many beats of a connection fail in a row until its features look for
	// seats at the other servers. 0, the default, leaves heartbeats to License.Heartbeat. At most MaxAttempts.
	// When Attempts x Interval is more than the server's client timeout, the server frees the seats before; that is
	// logged.
	Attempts int
	// Interval is the pause between two heartbeats of one connection. Default 2m; 30s to 2m is advised, anything else is
	// logged once. Positive, at most MaxInterval. A third of the server's client timeout is used if that is shorter.
	Interval time.Duration
	// FailoverRounds is how many failed beats in a row, from Attempts on, each search all servers before the runtime
	// gives up. Default 1; at most MaxAttempts.
	FailoverRounds int
}

// DownLimit says how often a server may go down and come back (section 3 of the rules): whoever restarts it again and
// again can run more copies than it has seats.
type DownLimit struct {
	// Max is the number of outages of one server allowed within Window; one more makes every license end with
	// messages.ErrUnavailable, and checkouts fail with it until the window has room. 0, the default, allows any number;
	// 10 is usual. At most MaxOutages.
	Max int
	// Window is the length of the sliding window. Default 1h; positive, at most MaxWindow.
	Window time.Duration
	// Count chooses what counts: Outages, the default, or Restarts, for networks that are unstable.
	Count CountMode
	// Store keeps the outages for longer than the process lives, so that programs that run for seconds are counted
	// together; see NewFileStore. Nil keeps them in memory.
	Store outage.Store
}

// CountMode chooses what counts as an outage.
type CountMode uint8

const (
	// Outages counts every time that a server did not answer a heartbeat and then answered again, and every restart.
	Outages CountMode = iota
	// Restarts counts restarts of the server process only.
	Restarts
)

// Client names the application to the servers. Nothing of it is proof of anything; servers show it to their operators.
type Client struct {
	Name  string // default: the name of the program
	Host  string // default: the host name
	User  string // default: the user name
	Share string // a group name that the vendor gives meaning to; default none
}

// Callbacks are five of the events under the names that vendors' users know. They are called on one goroutine, in order,
// one at a time; they may be slow, call every function of this package, and panic without harm.
type Callbacks struct {
	OnConnectionLost  func(messages.ConnectionLost)
	OnRetryFeature    func(messages.RetryingFeature)
	OnCheckoutSuccess func(messages.CheckoutSucceeded)
	OnCheckoutFailure func(messages.CheckoutFailed)
	// OnExit is called once, when features gave up since no server was reached: shut the application down. Later
	// give-ups are only published. Nil: the error is printed to standard error and the process ends with status 3.
	OnExit func(messages.Exited)
}

// Validate returns nil, or all faults of c joined, each a *messages.FieldError that names its field. Start calls it.
func (c Config) Validate() error {
	var faults messages.Faults
	if c.Transport == nil {
		faults.Add("Transport", "is nil: use grpctransport.New or another transport")
	}
	c.validateServers(&faults)
	validateInt(&faults, "Heartbeat.Attempts", c.Heartbeat.Attempts)
	validateInt(&faults, "Heartbeat.FailoverRounds", c.Heartbeat.FailoverRounds)
	validateDuration(&faults, "Heartbeat.Interval", c.Heartbeat.Interval)
	validateDuration(&faults, "ConnectTimeout", c.ConnectTimeout)
	c.DownLimit.validate(&faults)
	validateRestarts(&faults, c.Restarts)
	return faults.Err()
}

func (c Config) validateServers(faults *messages.Faults) {
	switch n := len(c.Servers); {
	case n == 0:
		faults.Add("Servers", "is empty: name at least one server as host:port")
	case n > MaxServers:
		faults.Add("Servers", "has %d servers: at most %d are allowed", n, MaxServers)
	}
	seen := make(map[transport.Address]int, len(c.Servers))
	for i, a := range c.Servers {
		if err := checkAddress(a); err != nil {
			faults.Add(indexed("Servers", i), "is %q: %v", a, err)
		}
		if first, ok := seen[a]; ok {
			faults.Add(indexed("Servers", i), "is %q, which is Servers[%d] already: name each server once", a, first)
			continue
		}
		seen[a] = i
	}
}

func validateInt(faults *messages.Faults, field string, n int) {
	if n < 0 || n > MaxAttempts {
		faults.Add(field, "is %d: must be 0 (meaning the default) to %d", n, MaxAttempts)
	}
}

func validateDuration(faults *messages.Faults, field string, d time.Duration) {
	if d < 0 || d > MaxInterval {
		faults.Add(field, "is %s: must be 0 (meaning the default) to %s", d, MaxInterval)
	}
}

// RestartPolicy says how often and how fast an actor is restarted after a panic of ours.
type RestartPolicy = protocol.RestartPolicy

func validateRestarts(faults *messages.Faults, p RestartPolicy) {
	validateInt(faults, "Restarts.Max", p.Max)
	validateDuration(faults, "Restarts.Window", p.Window)
	validateDuration(faults, "Restarts.Pause", p.Pause)
	validateDuration(faults, "Restarts.MaxPause", p.MaxPause)
}

func (l DownLimit) validate(faults *messages.Faults) {
	if l.Max < 0 || l.Max > MaxOutages {
		faults.Add("DownLimit.Max", "is %d: must be 0 (no limit) to %d", l.Max, MaxOutages)
	}
	if l.Window < 0 || l.Window > MaxWindow {
		faults.Add("DownLimit.Window", "is %s: must be 0 (meaning the default) to %s", l.Window, MaxWindow)
	}
	if l.Count > Restarts {
		faults.Add("DownLimit.Count", "is %d: must be Outages or Restarts", l.Count)
	}
}

// settings returns what the actors go by: c with defaults filled in.
func (c Config) settings() protocol.Settings {
	return protocol.Settings{
		Servers:        append([]transport.Address(nil), c.Servers...),
		Attempts:       c.Heartbeat.Attempts,
		Interval:       orDefault(c.Heartbeat.Interval, DefaultInterval),
		FailoverRounds: orDefault(c.Heartbeat.FailoverRounds, DefaultFailoverRounds),
		ConnectTimeout: orDefault(c.ConnectTimeout, DefaultConnectTimeout),
		EnforceTimeout: c.EnforceTimeout,
		Restarts:       c.Restarts,
		CountOutages:   c.DownLimit.Max > 0 || c.DownLimit.Store != nil,
		DownMax:        c.DownLimit.Max,
		DownWindow:     orDefault(c.DownLimit.Window, DefaultWindow),
		RestartsOnly:   c.DownLimit.Count == Restarts,
	}
}

func orDefault[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}
