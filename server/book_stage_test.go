package server

import (
	"crypto/rand"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
)

// bookStage is a book with a ledger, over its lives, without goroutines and with a time that only the test moves.
type bookStage struct {
	t      require.TestingT
	config Config
	book   *book
	now    time.Duration
	groups func(client byte) groupKeys // who shares with whom; nil for nobody
}

func newBookStage(t require.TestingT, config Config) *bookStage {
	if config.Ledger == nil {
		config.Ledger = &MemoryLedger{}
	}
	config.Insecure = true
	require.NoError(t, config.Validate())
	s := &bookStage{t: t, config: config.withDefaults()}
	s.open()
	return s
}

// open begins a life: time starts at zero.
func (s *bookStage) open() {
	s.now = 0
	draw := func(secret []byte) { _, _ = rand.Read(secret) }
	s.book = newBook(s.config, newClients(s.config.Limits, s.config.RetryAfter), draw)
	last, err := s.book.load(s.config.Ledger)
	require.NoError(s.t, err)
	s.book.begin(last, "S1", 0)
	s.commit()
}

// restart ends the life and begins another. What was decided and not committed is lost.
func (s *bookStage) restart() {
	require.NoError(s.t, s.config.Ledger.Close())
	s.open()
}

// commit makes durable what was decided.
func (s *bookStage) commit() {
	require.NoError(s.t, s.config.Ledger.Append(s.book.batch))
	s.book.kept()
}

// client returns the client with this number, which has said who it is.
func (s *bookStage) client(number byte) *client {
	h := Holder{Identity: "c", Instance: [16]byte{number}}
	c := s.book.clients.byInstance[h.Instance]
	if c == nil {
		var err error
		c, err = s.book.clients.of(h)
		require.NoError(s.t, err)
	}
	if s.groups != nil && c.groups.Load() == nil {
		keys := s.groups(number)
		c.groups.Store(&keys)
	}
	return c
}

func (s *bookStage) take(client byte, t take) outcome {
	o := s.book.take(s.client(client), t, s.now)
	s.commit()
	return o
}

// beat names one lease and returns whether it is held, and if not why.
func (s *bookStage) beat(client byte, lease messages.LeaseID) (messages.Reason, bool) {
	c := s.client(client)
	if len(s.book.table.beat(c.index, lease[:], s.now)) == 0 {
		return messages.NoReason, true
	}
	return s.book.why(c, lease)
}

// pass lets time go by and does what is due then.
func (s *bookStage) pass(d time.Duration) {
	s.now += d
	for s.book.expire(s.now, 3) || s.book.forget(s.now, 3) {
		s.commit()
	}
	s.commit()
}

func seats(feature string, count int, replaces ...messages.RequestID) take {
	t := take{feature: feature, version: messages.V(1, 0), count: count, replaces: replaces}
	_, _ = rand.Read(t.request[:])
	return t
}
