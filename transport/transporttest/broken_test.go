package transporttest

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// brokenDefect names, in the environment of a second process, the defect that its TestBrokenTransport has.
const brokenDefect = "TRANSPORTTEST_DEFECT"

// TestBrokenTransport runs the suite on a transport with a defect. It fails, and is therefore run only by
// TestConformanceNoticesDefects, in a process of its own.
func TestBrokenTransport(t *testing.T) {
	name := os.Getenv(brokenDefect)
	if name == "" {
		t.Skip("run by TestConformanceNoticesDefects")
	}
	Conformance(t, func(*testing.T) Fixture {
		f, server := fakeFixture()
		b := &broken{Transport: f.Transport, server: server}
		f.Transport = b
		defects[name].cause(b, &f)
		return f
	})
}

func TestConformanceNoticesDefects(t *testing.T) {
	for name, d := range defects {
		for _, promise := range d.broken {
			t.Run(name+"/"+promise, func(t *testing.T) {
				t.Parallel()
				cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestBrokenTransport$/^"+promise+"$")
				cmd.Env = append(os.Environ(), brokenDefect+"="+name)
				output, err := cmd.CombinedOutput()
				assert.Error(t, err)
				assert.Contains(t, string(output), "--- FAIL: TestBrokenTransport/"+promise)
				assert.NotContains(t, string(output), "panic:")
			})
		}
	}
}

func TestEveryPromiseIsShownToBeTried(t *testing.T) {
	var tried []string
	for _, d := range defects {
		tried = append(tried, d.broken...)
	}
	for _, group := range promises {
		for _, p := range group {
			assert.True(t, slices.Contains(tried, p.name), "no defect breaks %s", p.name)
		}
	}
}

// broken is a transport with a defect: each field that is set spoils what passes through it.
type broken struct {
	transport.Transport
	server *Server

	connect   func(ctx context.Context, address transport.Address) (transport.Session, error)
	checkout  func(ctx context.Context, s transport.Session, takes []transport.Take) (transport.CheckoutReply, error)
	heartbeat func(ctx context.Context, s transport.Session, leases []messages.LeaseID) (transport.HeartbeatReply, error)
	checkin   func(ctx context.Context, s transport.Session, returns []transport.Return) (transport.CheckinReply, error)
	close     func(s transport.Session) error
}

func (b *broken) Connect(ctx context.Context, address transport.Address) (transport.Session, error) {
	connect := b.Transport.Connect
	if b.connect != nil {
		connect = b.connect
	}
	s, err := connect(ctx, address)
	if err != nil {
		return nil, err
	}
	return &brokenSession{Session: s, broken: b}, nil
}

type brokenSession struct {
	transport.Session
	broken *broken
}

func (s *brokenSession) Checkout(ctx context.Context, takes []transport.Take) (transport.CheckoutReply, error) {
	if s.broken.checkout != nil {
		return s.broken.checkout(ctx, s.Session, takes)
	}
	return s.Session.Checkout(ctx, takes)
}

func (s *brokenSession) Heartbeat(ctx context.Context, leases []messages.LeaseID) (transport.HeartbeatReply, error) {
	if s.broken.heartbeat != nil {
		return s.broken.heartbeat(ctx, s.Session, leases)
	}
	return s.Session.Heartbeat(ctx, leases)
}

func (s *brokenSession) Checkin(ctx context.Context, returns []transport.Return) (transport.CheckinReply, error) {
	if s.broken.checkin != nil {
		return s.broken.checkin(ctx, s.Session, returns)
	}
	return s.Session.Checkin(ctx, returns)
}

func (s *brokenSession) Close() error {
	if s.broken.close != nil {
		return s.broken.close(s.Session)
	}
	return s.Session.Close()
}

// changeTakes makes a broken transport send other takes than it was given.
func (b *broken) changeTakes(change func(*transport.Take)) {
	b.checkout = func(ctx context.Context, s transport.Session, takes []transport.Take) (transport.CheckoutReply, error) {
		takes = slices.Clone(takes)
		asked := make([]messages.RequestID, len(takes))
		for i := range takes {
			asked[i] = takes[i].Request
			change(&takes[i])
		}
		reply, err := s.Checkout(ctx, takes)
		for i := range reply.Outcomes {
			reply.Outcomes[i].Request = asked[i]
		}
		return reply, err
	}
}

// changeOutcomes makes the server answer takes otherwise.
func (b *broken) changeOutcomes(change func(*transport.Outcome)) {
	b.server.Tamper(func(_ Call, reply *Reply) {
		for i := range reply.Outcomes {
			change(&reply.Outcomes[i])
		}
	})
}

// changeEnded makes the server tell of other ends of leases.
func (b *broken) changeEnded(change func(*transport.Ended)) {
	b.server.Tamper(func(_ Call, reply *Reply) {
		for i := range reply.Ended {
			change(&reply.Ended[i])
		}
	})
}

// endsLeases ends every lease that is named, whosever it is.
func (b *broken) endsLeases(named func(Lease) bool, reason messages.Reason) {
	for _, lease := range b.server.Leases() {
		if named(lease) {
			b.server.End(lease.ID, reason)
		}
	}
}
