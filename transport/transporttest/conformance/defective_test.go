package conformance_test

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
	"github.com/seatbeat/seatbeat/transport/transporttest/conformance"
)

// defectVariable is the environment variable that names the defect of TestDefectiveTransport.
const defectVariable = "CONFORMANCE_DEFECT"

// TestDefectiveTransport runs the suite on a transport with a defect. It fails, so only TestTheSuiteNoticesEveryDefect
// runs it, in a process of its own.
func TestDefectiveTransport(t *testing.T) {
	name := os.Getenv(defectVariable)
	if name == "" {
		t.Skip("run by TestTheSuiteNoticesEveryDefect")
	}
	conformance.Run(t, func(*testing.T) conformance.Fixture {
		f, server := networkFixture()
		d := &defective{Transport: f.Transport, server: server}
		f.Transport = d
		defects[name].apply(d, &f)
		return f
	})
}

func TestTheSuiteNoticesEveryDefect(t *testing.T) {
	for name, d := range defects {
		for _, promise := range d.breaks {
			t.Run(name+"/"+promise, func(t *testing.T) {
				t.Parallel()
				cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDefectiveTransport$/^"+promise+"$")
				cmd.Env = append(os.Environ(), defectVariable+"="+name)
				output, err := cmd.CombinedOutput()
				assert.Error(t, err)
				assert.Contains(t, string(output), "--- FAIL: TestDefectiveTransport/"+promise)
				assert.NotContains(t, string(output), "panic:")
			})
		}
	}
}

func TestEveryPromiseIsShownToBeTried(t *testing.T) {
	var tried []string
	for _, d := range defects {
		tried = append(tried, d.breaks...)
	}
	conformance.EachPromise(func(_, promise string) {
		assert.Contains(t, tried, promise, "no defect breaks this promise")
	})
}

// defect is a mistake of a transport or of its server, with the promises that it breaks.
type defect struct {
	apply  func(*defective, *conformance.Fixture)
	breaks []string
}

var errDefect = errors.New("defect")

// defective is a transport with a defect. Each function that is set takes the place of the method of its name.
type defective struct {
	transport.Transport
	server *transporttest.Server

	connect   func(ctx context.Context, address transport.Address) (transport.Session, error)
	checkout  func(ctx context.Context, s transport.Session, takes []transport.Take) (transport.CheckoutReply, error)
	heartbeat func(ctx context.Context, s transport.Session, leases []messages.LeaseID) (transport.HeartbeatReply, error)
	checkin   func(ctx context.Context, s transport.Session, returns []transport.Return) (transport.CheckinReply, error)
	close     func(s transport.Session) error
}

func (d *defective) Connect(ctx context.Context, address transport.Address) (transport.Session, error) {
	connect := d.Transport.Connect
	if d.connect != nil {
		connect = d.connect
	}
	s, err := connect(ctx, address)
	if err != nil {
		return nil, err
	}
	return &defectiveSession{Session: s, defective: d}, nil
}

type defectiveSession struct {
	transport.Session
	defective *defective
}

func (s *defectiveSession) Checkout(ctx context.Context, takes []transport.Take) (transport.CheckoutReply, error) {
	if s.defective.checkout != nil {
		return s.defective.checkout(ctx, s.Session, takes)
	}
	return s.Session.Checkout(ctx, takes)
}

func (s *defectiveSession) Heartbeat(ctx context.Context, leases []messages.LeaseID) (transport.HeartbeatReply, error) {
	if s.defective.heartbeat != nil {
		return s.defective.heartbeat(ctx, s.Session, leases)
	}
	return s.Session.Heartbeat(ctx, leases)
}

func (s *defectiveSession) Checkin(ctx context.Context, returns []transport.Return) (transport.CheckinReply, error) {
	if s.defective.checkin != nil {
		return s.defective.checkin(ctx, s.Session, returns)
	}
	return s.Session.Checkin(ctx, returns)
}

func (s *defectiveSession) Close() error {
	if s.defective.close != nil {
		return s.defective.close(s.Session)
	}
	return s.Session.Close()
}

// changeTakes makes the transport send changed takes. The outcomes keep the request ids of the caller.
func (d *defective) changeTakes(change func(*transport.Take)) {
	d.checkout = func(ctx context.Context, s transport.Session, takes []transport.Take) (transport.CheckoutReply, error) {
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

// changeOutcomes makes the server change each outcome.
func (d *defective) changeOutcomes(change func(*transport.Outcome)) {
	d.server.Tamper(func(_ transporttest.Call, reply *transporttest.Reply) {
		for i := range reply.Outcomes {
			change(&reply.Outcomes[i])
		}
	})
}

// changeEnded makes the server change each ended lease that it reports.
func (d *defective) changeEnded(change func(*transport.Ended)) {
	d.server.Tamper(func(_ transporttest.Call, reply *transporttest.Reply) {
		for i := range reply.Ended {
			change(&reply.Ended[i])
		}
	})
}

// endLeases ends every lease for which named returns true, whichever client holds it.
func (d *defective) endLeases(named func(transporttest.Lease) bool, reason messages.Reason) {
	for _, lease := range d.server.Leases() {
		if named(lease) {
			d.server.End(lease.ID, reason)
		}
	}
}

// randomRequest draws a request id.
func randomRequest() (id messages.RequestID) {
	rand.Read(id[:])
	return id
}
