package engine

import (
	"crypto/rand"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/failpoint"
	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/ledger/bolt"
	"github.com/seatbeat/seatbeat/server/license"
)

// harness is an engine with two seats of feature f, in virtual time.
type harness struct {
	*Engine
	t      *testing.T
	config Config
}

// withDefaults returns a Config with the fields that a test left out. No test meets the default limits by accident.
func withDefaults(config Config) Config {
	l := &config.Limits
	for field, value := range map[*int]int{
		&l.Clients: 100_000, &l.InFlight: 256, &l.ClientLeases: 2_000_000, &l.Leases: 8_000_000, &l.Rate: 20_000,
		&l.Burst: 4_000_000, &l.ClientWaiting: 256, &l.Waiting: 10_000,
		&l.IdentityClients: 100_000, &l.IdentityLeases: 8_000_000, &l.IdentityWaiting: 10_000, &l.IdentityRate: 20_000,
		&l.IdentityBurst: 4_000_000,
	} {
		if *field == 0 {
			*field = value
		}
	}
	if config.ClientTimeout == 0 {
		config.ClientTimeout = 5 * time.Minute
	}
	if config.RetryAfter == 0 {
		config.RetryAfter = time.Second
	}
	if config.Features == nil {
		config.Features = []license.Feature{feature(2)}
	}
	if config.Wall == nil {
		config.Wall = time.Now
	}
	config.Logger = slog.New(slog.DiscardHandler)
	return config
}

// eager returns a ledger in a file that does not wait for the disk, and compacts early and little at a time, so that a
// compaction runs most of the time.
func eager(path string) *bolt.Ledger {
	return bolt.NewForTest(path, failpoint.Ledger{NoSync: true, Compaction: failpoint.Compaction{Start: 4, Min: 1, Most: 8}})
}

// inBubble runs a test with an engine in a bubble of virtual time: with each kind of ledger, unless it brings its own.
func inBubble(t *testing.T, config Config, test func(t *testing.T, s *harness)) {
	if config.Ledger != nil {
		bubble(t, config, test)
		return
	}
	t.Run("ledger in memory", func(t *testing.T) {
		config.Ledger = &ledger.Memory{}
		bubble(t, config, test)
	})
	t.Run("durable ledger", func(t *testing.T) {
		config.Ledger = eager(filepath.Join(t.TempDir(), "ledger.db"))
		bubble(t, config, test)
	})
}

func bubble(t *testing.T, config Config, test func(t *testing.T, s *harness)) {
	synctest.Test(t, func(t *testing.T) {
		s := &harness{t: t, config: withDefaults(config)}
		s.begin()
		defer func() { _ = s.Stop() }()
		test(t, s)
	})
}

func (s *harness) begin() {
	e, err := New(s.config)
	require.NoError(s.t, err)
	e.Open()
	s.Engine = e
}

func (s *harness) restart() {
	require.NoError(s.t, s.Stop())
	s.begin()
}

// user is a client of the harness with one session.
type user struct {
	s       *harness
	holder  ledger.Holder
	session uint64
}

func (s *harness) user(instance byte) *user {
	u := &user{s: s, holder: ledger.Holder{Identity: "c", Instance: [16]byte{instance}}}
	session, err := s.Connect(u.holder, nil, nil)
	require.NoError(s.t, err)
	u.session = session
	return u
}

func (u *user) call(run func(*seats.Client) error) error {
	c, err := u.s.Enter(u.holder, u.session)
	if err != nil {
		return err
	}
	defer u.s.Leave(c)
	return run(c)
}

func (u *user) checkout(t seats.Take) (o seats.Outcome, err error) {
	err = u.call(func(c *seats.Client) error {
		outcomes, err := u.s.Checkout(u.s.t.Context(), c, []seats.Take{t})
		if err == nil {
			o = outcomes[0]
		}
		return err
	})
	return o, err
}

// granted takes seats, which must be granted.
func (u *user) granted(t seats.Take) messages.LeaseID {
	u.s.t.Helper()
	o, err := u.checkout(t)
	require.NoError(u.s.t, err)
	require.Equal(u.s.t, seats.Granted, o.Result, "%+v", o)
	return o.Lease
}

func (u *user) beat(leases ...messages.LeaseID) (ended []Ended, err error) {
	var packed []byte
	for _, lease := range leases {
		packed = append(packed, lease[:]...)
	}
	err = u.call(func(c *seats.Client) (err error) {
		ended, err = u.s.Heartbeat(u.s.t.Context(), c, packed)
		return err
	})
	return ended, err
}

// held claims that the leases are held, and renews them.
func (u *user) held(leases ...messages.LeaseID) {
	u.s.t.Helper()
	ended, err := u.beat(leases...)
	require.NoError(u.s.t, err)
	assert.Empty(u.s.t, ended)
}

// ended claims that a lease is not held any more, and why.
func (u *user) ended(lease messages.LeaseID, reason messages.Reason) {
	u.s.t.Helper()
	ended, err := u.beat(lease)
	require.NoError(u.s.t, err)
	assert.Equal(u.s.t, []Ended{{lease, reason}}, ended)
}

// state returns the status.
func (s *harness) state() Status {
	s.t.Helper()
	status, err := s.Status(s.t.Context())
	require.NoError(s.t, err)
	return status
}

func reasonOf(t *testing.T, err error) *seats.Refusal {
	t.Helper()
	var r *seats.Refusal
	require.ErrorAs(t, err, &r)
	return r
}

// take is a new take of version 1.0.
func take(feature string, count int, replaces ...messages.RequestID) seats.Take {
	t := seats.Take{Feature: feature, Version: messages.V(1, 0), Count: count, Replaces: replaces}
	_, _ = rand.Read(t.Request[:])
	return t
}

// feature returns a block of feature f in version 1.0.
func feature(seats int) license.Feature {
	return license.Feature{Name: "f", Version: messages.V(1, 0), Seats: seats}
}

// sleepyLedger sleeps in Append for as long as it is told to, which stalls the committer and its ticks.
type sleepyLedger struct {
	ledger.Memory
	sleep atomic.Int64 // nanoseconds
}

func (l *sleepyLedger) Append(batch ledger.Batch) error {
	time.Sleep(time.Duration(l.sleep.Load()))
	return l.Memory.Append(batch)
}

// brokenLedger fails when it is told to.
type brokenLedger struct {
	ledger.Memory
	err atomic.Pointer[error]
}

func (l *brokenLedger) fail(err error) { l.err.Store(&err) }

func (l *brokenLedger) Append(batch ledger.Batch) error {
	if err := l.err.Load(); err != nil && *err != nil {
		return *err
	}
	return l.Memory.Append(batch)
}
