package transporttest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

var heartbeatPromises = []promise{
	{"AHeartbeatWithoutLeasesIsASignOfLife", tryEmptyBeat},
	{"AHeartbeatTellsWhichLeasesEndedAndWhy", tryEnded},
	{"TheLargestHeartbeatIsAnswered", tryLargestBeat},
	{"UnknownLeasesAreToldByTheThousands", tryUnknownLeases},
	{"OneClientDoesNotBeatTheLeaseOfAnother", tryBeatForeign},
	{"ARevokedLeaseIsToldAsSuch", tryBeatRevoked},
	{"ALeaseThatNoHeartbeatNamesExpires", tryExpiry},
}

func tryEmptyBeat(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	assert.Empty(t, p.beat())
}

func tryEnded(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	returned := p.granted(p.take(f.Feature, 1))
	p.checkin(transport.Return{Lease: returned})
	old := p.take(f.Feature, 1)
	replaced := p.granted(old)
	lives := p.granted(p.take(f.Feature, 1, old.Request))
	unknown := unknownLease()
	assert.Equal(t, map[messages.LeaseID]messages.Reason{
		returned: messages.Returned,
		replaced: messages.Replaced,
		unknown:  messages.Unknown,
	}, p.beat(returned, lives, unknown, replaced))
}

func tryLargestBeat(t *testing.T, f *Fixture) {
	needs(t, f.Plenty != "", "Plenty")
	p := newProbe(t, f)
	leases := p.grantMany(transport.MaxLeases)
	p.held(leases...)
	want := map[messages.LeaseID]messages.Reason{}
	var returns []transport.Return
	for i := 0; i < len(leases); i += 100 {
		want[leases[i]] = messages.Returned
		returns = append(returns, transport.Return{Lease: leases[i]})
	}
	p.checkin(returns...)
	assert.Equal(t, want, p.beat(leases...))
}

func tryUnknownLeases(t *testing.T, f *Fixture) {
	p := newProbe(t, f)
	leases := make([]messages.LeaseID, transport.MaxLeases)
	want := map[messages.LeaseID]messages.Reason{}
	for i := range leases {
		leases[i] = unknownLease()
		want[leases[i]] = messages.Unknown
	}
	assert.Equal(t, want, p.beat(leases...))
}

func tryBeatForeign(t *testing.T, f *Fixture) {
	holder, stranger := newProbe(t, f), newProbe(t, f)
	lease := holder.granted(holder.take(f.Feature, 1))
	stranger.ended(messages.Unknown, lease)
	holder.held(lease)
}

func tryBeatRevoked(t *testing.T, f *Fixture) {
	needs(t, f.Revoke != nil, "Revoke")
	p := newProbe(t, f)
	lease := p.granted(p.take(f.Feature, 1))
	f.Revoke(lease)
	p.ended(messages.Revoked, lease)
	p.checkin(transport.Return{Lease: lease})
	p.ended(messages.Revoked, lease) // returning it does not make that undone
}

// shortTimeout is the client timeout that expiry is tested with where it can be set: long enough for a slow machine to
// beat four times meanwhile.
const shortTimeout = 1200 * time.Millisecond

func tryExpiry(t *testing.T, f *Fixture) {
	if f.SetClientTimeout != nil {
		f.SetClientTimeout(shortTimeout)
	}
	p := newProbe(t, f)
	timeout := p.hello.ClientTimeout
	if timeout > 3*time.Second {
		t.Skipf("the client timeout is %s and the fixture has no SetClientTimeout", timeout)
	}
	idle := p.take(f.Feature, 1)
	left := p.granted(idle)
	beaten := p.granted(p.take(f.Feature, 1))
	for idleFor := time.Duration(0); idleFor <= timeout; idleFor += timeout / 4 {
		time.Sleep(timeout / 4)
		p.held(beaten)
	}
	p.await(func() bool { // a beat that names it would renew it, if the server is late: see whether its seat is free
		p.held(beaten)
		o := p.checkout(p.take(f.Feature, f.Seats-1))[0]
		p.checkin(transport.Return{Request: o.Request})
		return o.Result == transport.Granted
	}, timeout/8, "the seat of a lease that expired is never freed")
	p.ended(messages.Expired, left)
	p.gone(messages.Expired, idle, "its lease has expired")
	p.free(f.Seats - 1)
}

// await tries at intervals until it succeeds, on the goroutine of the test.
func (p *probe) await(succeeds func() bool, interval time.Duration, failure string) {
	p.t.Helper()
	for end := time.Now().Add(patience); !succeeds(); time.Sleep(interval) {
		require.True(p.t, time.Now().Before(end), failure)
	}
}
