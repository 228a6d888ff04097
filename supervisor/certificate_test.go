package supervisor

import (
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// certified is a transport that has a certificate.
type certified struct {
	transport.Transport

	mu      sync.Mutex // guards the fields below
	expires time.Time
	fault   error
}

func (c *certified) Certificate() (time.Time, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.expires, c.fault
}

func (c *certified) set(expires time.Time, fault error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expires, c.fault = expires, fault
}

// tellings returns the events about the certificate since the last call.
func (h *harness) tellings(seen *int) (list []messages.CertificateExpiring) {
	for _, e := range h.events.all() {
		if e, ok := e.event.(messages.CertificateExpiring); ok {
			list = append(list, e)
		}
	}
	list, *seen = list[*seen:], len(list)
	return list
}

const day = 24 * time.Hour

func withCertificate(t *testing.T, lifetime time.Duration, play func(*harness, *certified, *logRecorder)) {
	var c certified
	var book logRecorder
	setup := func(h *harness) {
		c.Transport = h.config.Transport
		c.set(time.Now().Add(lifetime), nil)
		h.config.Transport = &c
		h.logTo(&book)
	}
	withHarness(t, 1, setup, func(h *harness) { play(h, &c, &book) })
}

func TestACertificateIsToldOf30And7And1DayBeforeItsEndAndOnceEach(t *testing.T) {
	withCertificate(t, 40*day, func(h *harness, c *certified, book *logRecorder) {
		var seen int
		var left []time.Duration
		for range 60 {
			h.pass(day)
			for _, e := range h.tellings(&seen) {
				left = append(left, e.Left)
				assert.Empty(h, e.Fault)
				assert.Equal(h, c.expires, e.Expires)
			}
		}
		assert.Equal(h, []time.Duration{30 * day, 7 * day, day}, left)
		assert.Len(h, book.find(slog.LevelWarn, "CertificateExpiring"), 3)
		c.set(time.Now().Add(5*day), nil)
		h.pass(2 * time.Hour)
		assert.Len(h, h.tellings(&seen), 1, "another certificate is told anew, and once though two of the days are over")
	})
}

func TestACertificateNearItsEndIsToldAtTheStart(t *testing.T) {
	withCertificate(t, -time.Hour, func(h *harness, _ *certified, _ *logRecorder) {
		h.pass(0)
		var seen int
		told := h.tellings(&seen)
		require.Len(h, told, 1)
		assert.Equal(h, -time.Hour, told[0].Left)
		h.pass(60 * day)
		assert.Empty(h, h.tellings(&seen))
	})
}

func TestFilesThatCannotBeReadAreToldOnceUntilTheyCan(t *testing.T) {
	withCertificate(t, 400*day, func(h *harness, c *certified, _ *logRecorder) {
		var seen int
		h.pass(day)
		assert.Empty(h, h.tellings(&seen))
		for range 2 {
			c.set(c.expires, errors.New("client.pem: no such file"))
			h.pass(day)
			told := h.tellings(&seen)
			require.Len(h, told, 1)
			assert.Equal(h, "client.pem: no such file", told[0].Fault)
			c.set(c.expires, nil)
			h.pass(day)
			assert.Empty(h, h.tellings(&seen))
		}
	})
}

func TestATransportThatHasNoCertificateIsNotToldOf(t *testing.T) {
	withCertificate(t, 0, func(h *harness, c *certified, _ *logRecorder) {
		h.pass(0)
		var seen int
		h.tellings(&seen)
		c.set(time.Time{}, nil)
		h.pass(60 * day)
		assert.Empty(h, h.tellings(&seen))
	})
}

// hangingCertificate is asked and does not answer.
type hangingCertificate struct {
	transport.Transport
	free chan struct{}
}

func (c hangingCertificate) Certificate() (time.Time, error) { <-c.free; return time.Time{}, nil }

func TestATransportThatDoesNotAnswerForItsCertificateHoldsNobodyUp(t *testing.T) {
	var c hangingCertificate
	setup := func(h *harness) {
		c = hangingCertificate{h.config.Transport, make(chan struct{})}
		h.config.Transport = c
	}
	withHarness(t, 1, setup, func(h *harness) {
		defer h.pass(time.Minute)
		defer close(c.free)
		h.checkout()
		h.untilHeartbeats(2)
		began := time.Now()
		require.NoError(h, h.rt.Close(h.within(time.Minute)))
		assert.LessOrEqual(h, time.Since(began), closeWithin)
	})
}
