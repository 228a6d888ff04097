package supervisor

import (
	"crypto/rand"
	"log/slog"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"go.opentelemetry.io/otel/metric"

	"github.com/seatbeat/seatbeat/actors/outage"
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/internal/faults"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor/outagefile"
	"github.com/seatbeat/seatbeat/transport"
)

// Defaults of Config. A field that is zero has its default. The rules are those of docs/rules.md.
const (
	// DefaultInterval is the pause between two heartbeats of one connection (rule 2).
	DefaultInterval = 2 * time.Minute
	// DefaultFailoverRounds is how many rounds over all servers there are, one per failed heartbeat, before the runtime
	// gives up (rule 12).
	DefaultFailoverRounds = 1
	// DefaultWindow is the length of the sliding window in which outages are counted (section 3, rule 1).
	DefaultWindow = time.Hour
	// DefaultConnectTimeout is the time that one server has to answer a first checkout (rule 21).
	DefaultConnectTimeout = 5 * time.Second
)

// Bounds of Config.
const (
	// MaxServers is the largest number of addresses in Config.Servers.
	MaxServers = 64
	// MaxAttempts is the upper bound of Heartbeat.Attempts, Heartbeat.FailoverRounds and Restarts.Max.
	MaxAttempts = 10_000
	// MaxOutages is the upper bound of DownLimit.Max.
	MaxOutages = 500
	// MaxWindow is the upper bound of DownLimit.Window.
	MaxWindow = outagefile.MaxWindow
	// MinInterval is the lower bound of Heartbeat.Interval and of the windows. It catches a number without a unit, which Go
	// takes for nanoseconds.
	MinInterval = time.Second
	// MaxInterval is the upper bound of Heartbeat.Interval, ConnectTimeout and the durations of Restarts.
	MaxInterval = 24 * time.Hour
	// MinConnectTimeout is the lower bound of ConnectTimeout.
	MinConnectTimeout = 100 * time.Millisecond
	// MinPause is the lower bound of Restarts.Pause and Restarts.MaxPause.
	MinPause = time.Millisecond

	// Intervals outside of these bounds are accepted with one warning in the log (rule 2).
	minAdvisedInterval = 30 * time.Second
	maxAdvisedInterval = 2 * time.Minute
)

// Config is the configuration of a runtime. Start reads it once and copies Servers; later changes have no effect. Only
// Transport and Servers are required: any other field that is zero has the default that its comment names.
type Config struct {
	// Transport connects to the licence servers. Required. The runtime calls it on goroutines of its own, several at a
	// time, each call with a deadline.
	Transport transport.Transport
	// Servers is the search list: a first checkout asks these addresses in this order (rule 21). Required, 1 to MaxServers
	// addresses of the form host:port, each once. Several addresses of one server are recognised by its ServerID.
	Servers []transport.Address
	// Heartbeat configures heartbeats and failover. Automatic heartbeats are off by default.
	Heartbeat Heartbeat
	// DownLimit makes the application unavailable when a server goes down and comes back too often. Off by default.
	DownLimit DownLimit
	// EnforceTimeout ends a license as Lost when no heartbeat for its lease was acknowledged for the client timeout less a
	// margin, because the server may then give the seats to others (rule 16). Off by default: the license lives on, and
	// the event LeaseAtRisk is published. The margin is 5 % of the client timeout, at least 10s, at most a quarter of it.
	EnforceTimeout bool
	// ConnectTimeout is the time that one server has to answer a first checkout, or a request for seats during a failover
	// (rule 21). Default 5s; MinConnectTimeout to MaxInterval. The deadline of a Checkout's context can shorten it.
	ConnectTimeout time.Duration
	// Restarts limits how often and how fast an actor is restarted after a panic, which is always a defect of this
	// module. RestartPolicy has the defaults. Max is at most MaxAttempts, Window is MinInterval to MaxInterval, and the pauses
	// are MinPause to MaxInterval.
	Restarts RestartPolicy
	// Client identifies the application to the servers. Fields that are empty are taken from the operating system.
	Client Client
	// Callbacks are functions for five of the events. One goroutine calls them, one at a time, in the order of the events.
	Callbacks Callbacks
	// OnEvent is called with every event, in order and one at a time, on a goroutine of its own. It may block or panic
	// without harm to the runtime; events that it is too slow for are dropped, see Runtime.Events. Nil: nobody is called.
	OnEvent func(messages.Event)
	// Logger gets one record for each event, and warnings about the configuration and defects, on goroutines of the runtime.
	// Its handler may block or panic without harm to the runtime; records that it is too slow for are dropped, and it is told
	// how many. Nil discards them.
	Logger *slog.Logger
	// MeterProvider registers metrics for features by state, heartbeats, recoveries, outages and dropped events. They are
	// read when the provider collects. Start fails when the registration takes longer than 10 seconds. Nil: there are no
	// metrics.
	MeterProvider metric.MeterProvider
	// System is for an application that uses protoactor itself: every event is then also published on the EventStream of that
	// system, on a goroutine of the runtime. The actors of the runtime run in a system of their own, so that no code of the
	// application runs in them. Nil: there is no such application.
	System *actor.ActorSystem

	wall  func() time.Time                       // the wall clock; tests replace it
	fault func(point, actor string, message any) // called before and after each message; a test may panic in it
	seed  func() [32]byte                        // of the random numbers of one connection; tests replace it
}

// Heartbeat configures heartbeats and failover.
type Heartbeat struct {
	// Attempts turns automatic heartbeats on: when this many heartbeats of a connection have failed in a row, its features
	// ask the other servers for seats (rule 6). 0, the default, leaves heartbeats to License.Heartbeat. At most
	// MaxAttempts. When Attempts x Interval exceeds the client timeout of a server, the server frees the seats before the
	// failover begins; that is logged as a warning.
	Attempts int
	// Interval is the pause between two heartbeats of one connection (rule 2). Default 2m; 30s to 2m is advised, and other
	// values are logged once as a warning. MinInterval to MaxInterval. A third of the server's client timeout is used
	// instead when that is shorter (rule 16).
	Interval time.Duration
	// FailoverRounds is the number of rounds over all servers, one for each failed heartbeat from Attempts on, before
	// the runtime gives up (rule 12). Default 1; at most MaxAttempts.
	FailoverRounds int
}

// DownLimit limits how often a server may go down and come back (docs/rules.md, section 3). Without a limit, a user who
// restarts the server again and again can run more copies of the application than there are seats.
type DownLimit struct {
	// Max is the number of outages of one server that are allowed within Window; one more ends every license with
	// messages.ErrUnavailable, and checkouts fail with it until fewer outages are within the window. 0, the default,
	// allows any number; 10 is usual. At most MaxOutages.
	Max int
	// Window is the length of the sliding window. Default 1h; MinInterval to MaxWindow.
	Window time.Duration
	// Count selects what counts as an outage: CountOutages, the default, or CountRestarts, for unstable networks.
	Count CountMode
	// Store keeps the outages for longer than the process lives, so that the outages of short-lived programs are
	// counted together; outagefile.NewFileStore returns one. Nil keeps them in memory.
	Store OutageStore
}

// OutageStore keeps the outages of servers for longer than a process lives. Start calls Load once and returns its error.
// Later calls run on goroutines of the runtime, one at a time. A slow call only delays when outages of other processes
// are counted, and Close, until the context of Close ends.
type OutageStore = outage.Store

// CountMode selects what counts as an outage (docs/rules.md, section 3, rule 4).
type CountMode uint8

const (
	// CountOutages counts each time that a server failed to answer a heartbeat and then answered again, and each restart.
	CountOutages CountMode = iota
	// CountRestarts counts only restarts of the server process, so that an unstable network harms nobody.
	CountRestarts
)

// RestartPolicy limits how often and how fast an actor is restarted after a panic.
type RestartPolicy = protocol.RestartPolicy

// Validate returns nil, or all faults of c joined. Each fault is a *messages.FieldError that names its field. Start calls
// Validate; an application may call it earlier. It does not block.
func (c Config) Validate() error {
	var list faults.List
	if c.Transport == nil {
		list.Add("Transport", "is nil: use grpctransport.New or another transport")
	}
	validateServers(&list, c.Servers)
	validateInt(&list, "Heartbeat.Attempts", c.Heartbeat.Attempts)
	validateInt(&list, "Heartbeat.FailoverRounds", c.Heartbeat.FailoverRounds)
	list.AddOptionalDuration("Heartbeat.Interval", c.Heartbeat.Interval, MinInterval, MaxInterval)
	list.AddOptionalDuration("ConnectTimeout", c.ConnectTimeout, MinConnectTimeout, MaxInterval)
	validateDownLimit(&list, c.DownLimit)
	validateRestarts(&list, c.Restarts)
	return list.Err()
}

func validateServers(list *faults.List, servers []transport.Address) {
	switch n := len(servers); {
	case n == 0:
		list.Add("Servers", "is empty: name at least one server as host:port")
	case n > MaxServers:
		list.Add("Servers", "has %d servers: at most %d are allowed", n, MaxServers)
	}
	seen := make(map[transport.Address]int, len(servers))
	for i, a := range servers {
		if err := checkAddress(a); err != nil {
			list.Add(indexed("Servers", i), "is %q: %v", a, err)
		}
		if first, ok := seen[a]; ok {
			list.Add(indexed("Servers", i), "is %q, which is Servers[%d] already: name each server once", a, first)
			continue
		}
		seen[a] = i
	}
}

func validateInt(list *faults.List, field string, n int) {
	if n < 0 || n > MaxAttempts {
		list.Add(field, "is %d: must be 0 (meaning the default) to %d", n, MaxAttempts)
	}
}

func validateDownLimit(list *faults.List, l DownLimit) {
	if l.Max < 0 || l.Max > MaxOutages {
		list.Add("DownLimit.Max", "is %d: must be 0 (no limit) to %d", l.Max, MaxOutages)
	}
	list.AddOptionalDuration("DownLimit.Window", l.Window, MinInterval, MaxWindow)
	if l.Count > CountRestarts {
		list.Add("DownLimit.Count", "is %d: must be CountOutages or CountRestarts", l.Count)
	}
}

func validateRestarts(list *faults.List, p RestartPolicy) {
	validateInt(list, "Restarts.Max", p.Max)
	list.AddOptionalDuration("Restarts.Window", p.Window, MinInterval, MaxInterval)
	list.AddOptionalDuration("Restarts.Pause", p.Pause, MinPause, MaxInterval)
	list.AddOptionalDuration("Restarts.MaxPause", p.MaxPause, MinPause, MaxInterval)
}

// settings returns the settings of the actors: c with defaults.
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
		RestartsOnly:   c.DownLimit.Count == CountRestarts,
	}
}

func orDefault[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// fillIn sets the fields that have a default and are not part of settings.
func (c *Config) fillIn() {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.wall == nil {
		c.wall = time.Now
	}
	if c.seed == nil {
		c.seed = func() (seed [32]byte) {
			_, _ = rand.Read(seed[:]) // never fails
			return seed
		}
	}
	c.Client = c.Client.filledIn()
}

// warn logs values that are valid but not advised.
func (c Config) warn() {
	interval := c.settings().Interval
	if c.Heartbeat.Attempts > 0 && (interval < minAdvisedInterval || interval > maxAdvisedInterval) {
		c.Logger.Warn("Heartbeat.Interval is outside of the advised range", "interval", interval.String(),
			"advised_min", minAdvisedInterval.String(), "advised_max", maxAdvisedInterval.String())
	}
}
