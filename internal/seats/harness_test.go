package seats

import (
	"crypto/rand"
	"math"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
)

// harness is an allocator with a ledger, over its restarts, without goroutines and with a time that only the test moves.
type harness struct {
	t         require.TestingT
	config    Config
	ledger    ledger.Ledger
	allocator *Allocator
	now       time.Duration
	keys      func(client byte) ShareKeys // who shares with whom; nil for nobody
}

// manyLimits are limits that no test meets by accident.
var manyLimits = Limits{
	Clients: 100_000, InFlight: 256, ClientLeases: 2_000_000, Leases: 8_000_000, Rate: 20_000, Burst: 4_000_000,
	ClientWaiting: 256, Waiting: 10_000,
	IdentityClients: 100_000, IdentityLeases: 8_000_000, IdentityWaiting: 10_000, IdentityRate: 20_000, IdentityBurst: 4_000_000,
}

// newHarness starts an allocator on a ledger in memory.
func newHarness(t require.TestingT, features ...license.Feature) *harness {
	return newHarnessOn(t, &ledger.Memory{}, Config{Features: features})
}

func newHarnessOn(t require.TestingT, l ledger.Ledger, config Config) *harness {
	if config.ClientTimeout == 0 {
		config.ClientTimeout = 5 * time.Minute
	}
	config.Limits, config.RetryAfter, config.KeepWaiter = manyLimits, time.Second, min(config.ClientTimeout/3, 10*time.Second)
	config.Draw = func(secret []byte) { _, _ = rand.Read(secret) }
	s := &harness{t: t, config: config, ledger: l}
	s.open()
	return s
}

// open starts an allocator: time starts at zero.
func (s *harness) open() {
	s.now = 0
	s.allocator = New(s.config, NewClients(s.config.Limits, s.config.RetryAfter))
	last, err := s.allocator.Load(s.ledger)
	require.NoError(s.t, err)
	s.allocator.Start(last, "S1", 0)
	s.commit()
}

// restart starts another allocator on the ledger. What was decided and not committed is lost.
func (s *harness) restart() {
	require.NoError(s.t, s.ledger.Close())
	s.open()
}

// commit makes durable what was decided.
func (s *harness) commit() {
	require.NoError(s.t, s.ledger.Append(s.allocator.Batch()))
	s.allocator.Committed()
}

// client returns the client with this number, which has said who it is.
func (s *harness) client(number byte) *Client {
	c := s.clientOf("c", number)
	if s.keys != nil && c.shareKeys.Load() == nil {
		keys := s.keys(number)
		c.shareKeys.Store(&keys)
	}
	return c
}

// clientOf returns the client of an identity with this number.
func (s *harness) clientOf(identity string, number byte) *Client {
	cs := s.allocator.clients
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c, err := cs.of(ledger.Holder{Identity: identity, Instance: [16]byte{number}}, s.now)
	require.NoError(s.t, err)
	return c
}

func (s *harness) take(client byte, t Take) Outcome {
	o := s.allocator.Take(s.client(client), t, s.now)
	s.commit()
	return o
}

// beat names one lease and returns whether it is held, and if not why.
func (s *harness) beat(client byte, lease messages.LeaseID) (messages.Reason, bool) {
	c := s.client(client)
	if len(s.allocator.Beat(c, lease[:], s.now)) == 0 {
		return messages.NoReason, true
	}
	return s.allocator.ReasonFor(c, lease)
}

// pass lets time go by and does what is due then.
func (s *harness) pass(d time.Duration) {
	s.now += d
	for s.allocator.Expire(s.now, 3) || s.allocator.Forget(s.now, 3) {
		s.commit()
	}
	s.commit()
}

func seats(feature string, count int, replaces ...messages.RequestID) Take {
	t := Take{Feature: feature, Version: messages.V(1, 0), Count: count, Replaces: replaces}
	_, _ = rand.Read(t.Request[:])
	return t
}

// feature returns a block of feature f in version 1.0.
func feature(seats int) license.Feature {
	return license.Feature{Name: "f", Version: messages.V(1, 0), Seats: seats}
}

// shared is feature with seats that users share.
func shared(seats int) license.Feature {
	f := feature(seats)
	f.Share = license.ShareUser
	return f
}

// byTens says that clients with the same tens are one user.
func byTens(client byte) ShareKeys { return ShareKeys{license.ShareUser: {client / 10}} }

var plenty = feature(math.MaxInt32 / 2)
