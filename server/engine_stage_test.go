package server

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
)

// engineStage is an engine with two seats of feature f, in virtual time.
type engineStage struct {
	*engine
	t      *testing.T
	config Config
}

// inBubble runs a test with an engine in a bubble of virtual time: with each kind of ledger, unless it brings its own.
func inBubble(t *testing.T, config Config, test func(t *testing.T, s *engineStage)) {
	if config.Ledger != nil {
		bubble(t, config, test)
		return
	}
	t.Run("ledger in memory", func(t *testing.T) {
		config.Ledger = &MemoryLedger{}
		bubble(t, config, test)
	})
	t.Run("durable ledger", func(t *testing.T) {
		config.Ledger = eager(boltPath(t))
		bubble(t, config, test)
	})
}

func bubble(t *testing.T, config Config, test func(t *testing.T, s *engineStage)) {
	synctest.Test(t, func(t *testing.T) {
		if config.Features == nil {
			config.Features = []Feature{{Name: "f", Version: messages.V(1, 0), Seats: 2}}
		}
		config.Insecure = true
		require.NoError(t, config.Validate())
		s := &engineStage{t: t, config: config.withDefaults()}
		s.begin()
		defer func() { _ = s.stop() }()
		test(t, s)
	})
}

func (s *engineStage) begin() {
	e, err := newEngine(s.config)
	require.NoError(s.t, err)
	e.open()
	s.engine = e
}

func (s *engineStage) restart() {
	require.NoError(s.t, s.stop())
	s.begin()
}

// user is a client of the stage with one session.
type user struct {
	s       *engineStage
	holder  Holder
	session uint64
}

func (s *engineStage) user(instance byte) *user {
	u := &user{s: s, holder: Holder{Identity: "c", Instance: [16]byte{instance}}}
	session, err := s.connect(u.holder, nil)
	require.NoError(s.t, err)
	u.session = session
	return u
}

func (u *user) call(run func(*client) error) error {
	c, err := u.s.clients.enter(u.holder, u.session, u.s.clock.now())
	if err != nil {
		return err
	}
	defer c.leave(u.s.clock.now())
	return run(c)
}

func (u *user) checkout(t take) (o outcome, err error) {
	err = u.call(func(c *client) error {
		outcomes, err := u.s.checkout(u.s.t.Context(), c, []take{t})
		if err == nil {
			o = outcomes[0]
		}
		return err
	})
	return o, err
}

// granted takes seats, which must be granted.
func (u *user) granted(t take) messages.LeaseID {
	u.s.t.Helper()
	o, err := u.checkout(t)
	require.NoError(u.s.t, err)
	require.Equal(u.s.t, granted, o.result, "%+v", o)
	return o.lease
}

func (u *user) beat(leases ...messages.LeaseID) (gone []ended, err error) {
	var packed []byte
	for _, lease := range leases {
		packed = append(packed, lease[:]...)
	}
	err = u.call(func(c *client) (err error) {
		gone, err = u.s.heartbeat(u.s.t.Context(), c, packed)
		return err
	})
	return gone, err
}

// held claims that the leases are held, and renews them.
func (u *user) held(leases ...messages.LeaseID) {
	u.s.t.Helper()
	gone, err := u.beat(leases...)
	require.NoError(u.s.t, err)
	assert.Empty(u.s.t, gone)
}

// ended claims that a lease is not held any more, and why.
func (u *user) ended(lease messages.LeaseID, reason messages.Reason) {
	u.s.t.Helper()
	gone, err := u.beat(lease)
	require.NoError(u.s.t, err)
	assert.Equal(u.s.t, []ended{{lease, reason}}, gone)
}

func (s *engineStage) state() (status Status) {
	s.t.Helper()
	require.NoError(s.t, s.administer(s.t.Context(), func(time.Duration) error {
		status = s.status()
		return nil
	}))
	return status
}

func reasonOf(t *testing.T, err error) *refusal {
	t.Helper()
	var r *refusal
	require.ErrorAs(t, err, &r)
	return r
}

// sleepyLedger sleeps in Append for as long as it is told to, which stalls the committer and its ticks.
type sleepyLedger struct {
	MemoryLedger
	sleep atomic.Int64 // nanoseconds
}

func (l *sleepyLedger) Append(batch Batch) error {
	time.Sleep(time.Duration(l.sleep.Load()))
	return l.MemoryLedger.Append(batch)
}

// brokenLedger fails when it is told to.
type brokenLedger struct {
	MemoryLedger
	err atomic.Pointer[error]
}

func (l *brokenLedger) fail(err error) { l.err.Store(&err) }

func (l *brokenLedger) Append(batch Batch) error {
	if err := l.err.Load(); err != nil && *err != nil {
		return *err
	}
	return l.MemoryLedger.Append(batch)
}
