package supervisor

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// wire is the transport between the runtime and the fake network. It sees what the runtime sends, arrived or not, and
// what comes back, and reports what must never be sent.
type wire struct {
	inner  transport.Transport
	report func(format string, args ...any)
	trace  func(format string, args ...any)

	mu       sync.Mutex
	kept     bool                                    // a return was refused for good
	refused  map[messages.RequestID]bool             // for good
	closed   bool                                    // Close of the runtime has returned
	sessions int                                     // open
	minute   time.Time                               // when the present minute of the budget began
	calls    int                                     // in this minute
	peak     int                                     // most calls of a minute
	replied  map[transport.Address]replies           // when something was answered there
	returned map[sentTo]time.Time                    // when the first return of it was sent
	asked    map[messages.RequestID]asked            // what it asked for
	request  map[messages.LeaseID]messages.RequestID // what it was granted to
	renewed  map[asked]time.Time                     // when the last exchange that renewed its lease was sent
}

// sentTo is a request, and the server that the runtime took itself to be speaking to when it sent it. A request that
// another server executed by mistake is cancelled there and lives on where it was meant to go.
type sentTo struct {
	server  string
	request messages.RequestID
}

// replies is when a server answered last, and when at an earlier instant.
type replies struct{ last, earlier time.Time }

func (r replies) add(at time.Time) replies {
	if at.After(r.last) {
		r.last, r.earlier = at, r.last
	}
	return r
}

// before returns the latest answer before the present instant.
func (r replies) before(now time.Time) time.Time {
	if r.last.Before(now) {
		return r.last
	}
	return r.earlier
}

// chaosBudget is how many calls a minute are too many: several times what the busiest schedules need. The world is small
// and every repetition of the runtime backs off, so that more of them are a loop.
const chaosBudget = 1500

var errBudget = errors.New("the budget of calls is used up")

func newWire(inner transport.Transport, report, trace func(string, ...any)) *wire {
	return &wire{
		inner: inner, report: report, trace: trace, minute: time.Now(),
		refused: map[messages.RequestID]bool{}, replied: map[transport.Address]replies{}, returned: map[sentTo]time.Time{},
		asked: map[messages.RequestID]asked{}, request: map[messages.LeaseID]messages.RequestID{},
		renewed: map[asked]time.Time{},
	}
}

// spend counts a call. Beyond the budget calls hang until their deadline, so that virtual time goes on and the test ends.
func (w *wire) spend(ctx context.Context, kind string) error {
	w.mu.Lock()
	if w.closed {
		w.report("a %s was sent after Close had returned", kind)
	}
	if time.Since(w.minute) >= time.Minute {
		w.minute, w.calls = time.Now(), 0
	}
	w.calls++
	w.peak = max(w.peak, w.calls)
	over := w.calls > chaosBudget
	w.mu.Unlock()
	if !over {
		return nil
	}
	w.report("more than %d calls within a minute: a loop without a pause (%s)", chaosBudget, kind)
	<-ctx.Done()
	return errBudget
}

// heard notes that a server answered.
func (w *wire) heard(address transport.Address, kind string, err error) {
	w.trace("%s %s: %v", kind, address, err)
	if err != nil && transport.AsRefusal(err) == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.replied[address] = w.replied[address].add(time.Now())
}

// heardSince reports whether any server answered after an instant and before now: what happened right now may be
// cause or consequence.
func (w *wire) heardSince(after time.Time) (transport.Address, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for address, r := range w.replied {
		if at := r.before(time.Now()); at.After(after) {
			return address, true
		}
	}
	return "", false
}

// gone reports whether a return of the request was sent earlier than now: what is sent at the same instant may overtake
// each other on the way here. The caller holds mu.
func (w *wire) gone(server string, request messages.RequestID) bool {
	at, ok := w.returned[sentTo{server, request}]
	return ok && at.Before(time.Now())
}

// renewedAt returns when the last exchange was sent that renewed the lease of a claim; zero if there was none.
func (w *wire) renewedAt(of asked) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.renewed[of]
}

// end is called when Close has returned: nothing may be open, and nothing be sent any more.
func (w *wire) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	if w.sessions != 0 {
		w.report("%d sessions are open after Close", w.sessions)
	}
}

func (w *wire) Connect(ctx context.Context, address transport.Address) (transport.Session, error) {
	if err := w.spend(ctx, "connect"); err != nil {
		return nil, err
	}
	inner, err := w.inner.Connect(ctx, address)
	w.heard(address, "connect", err)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sessions++
	return &wireSession{Session: inner, wire: w, address: address, server: inner.Hello().Identity.ServerID}, nil
}
