package conformance

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// heartbeatPromises are about Heartbeat and the expiry of leases.
var heartbeatPromises = []promise{
	{"AHeartbeatWithoutLeasesIsASignOfLife", tryEmptyBeat},
	{"AHeartbeatReportsWhichLeasesEndedAndWhy", tryEnded},
	{"TheLargestHeartbeatIsAnswered", tryLargestBeat},
	{"ThousandsOfUnknownLeasesAreReported", tryUnknownLeases},
	{"OneClientDoesNotBeatTheLeaseOfAnother", tryBeatForeign},
	{"ARevokedLeaseIsReportedAsRevoked", tryBeatRevoked},
	{"ALeaseThatNoHeartbeatNamesExpires", tryExpiry},
}

func tryEmptyBeat(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	assert.Empty(t, c.beat())
}

func tryEnded(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	returned := c.granted(c.take(f.Feature, 1))
	c.checkin(transport.Return{Lease: returned})
	old := c.take(f.Feature, 1)
	replaced := c.granted(old)
	lives := c.granted(c.take(f.Feature, 1, old.Request))
	unknown := unknownLease()
	assert.Equal(t, map[messages.LeaseID]messages.Reason{
		returned: messages.Returned,
		replaced: messages.Replaced,
		unknown:  messages.Unknown,
	}, c.beat(returned, lives, unknown, replaced))
}

func tryLargestBeat(t *testing.T, f *Fixture) {
	needs(t, f.Plenty != "", "Plenty")
	c := newClient(t, f)
	leases := grantMany(c, transport.MaxLeases)
	c.held(leases...)
	want := map[messages.LeaseID]messages.Reason{}
	var returns []transport.Return
	for i := 0; i < len(leases); i += 100 {
		want[leases[i]] = messages.Returned
		returns = append(returns, transport.Return{Lease: leases[i]})
	}
	c.checkin(returns...)
	assert.Equal(t, want, c.beat(leases...))
}

func tryUnknownLeases(t *testing.T, f *Fixture) {
	c := newClient(t, f)
	leases := make([]messages.LeaseID, transport.MaxLeases)
	want := map[messages.LeaseID]messages.Reason{}
	for i := range leases {
		leases[i] = unknownLease()
		want[leases[i]] = messages.Unknown
	}
	assert.Equal(t, want, c.beat(leases...))
}

func tryBeatForeign(t *testing.T, f *Fixture) {
	holder, other := newClient(t, f), newClient(t, f)
	lease := holder.granted(holder.take(f.Feature, 1))
	other.ended(messages.Unknown, lease)
	holder.held(lease)
}

func tryBeatRevoked(t *testing.T, f *Fixture) {
	needs(t, f.Revoke != nil, "Revoke")
	c := newClient(t, f)
	lease := c.granted(c.take(f.Feature, 1))
	f.Revoke(lease)
	c.ended(messages.Revoked, lease)
	c.checkin(transport.Return{Lease: lease})
	c.ended(messages.Revoked, lease) // a return does not change the reason
}

// shortTimeout is the client timeout for which expiry is tried where the fixture can set it. A slow machine must manage
// four heartbeats in this time.
const shortTimeout = 1200 * time.Millisecond

func tryExpiry(t *testing.T, f *Fixture) {
	if f.SetClientTimeout != nil {
		f.SetClientTimeout(shortTimeout)
	}
	c := newClient(t, f)
	timeout := c.hello.ClientTimeout
	if timeout > 3*time.Second {
		t.Skipf("the client timeout is %s and the fixture has no SetClientTimeout", timeout)
	}
	idle := c.take(f.Feature, 1)
	left := c.granted(idle)
	beaten := c.granted(c.take(f.Feature, 1))
	for idleFor := time.Duration(0); idleFor <= timeout; idleFor += timeout / 4 {
		time.Sleep(timeout / 4)
		c.held(beaten)
	}
	// A heartbeat that names the idle lease would renew it if the server is late: look for its free seat instead.
	eventually(t, func() bool {
		c.held(beaten)
		o := c.checkout(c.take(f.Feature, f.Seats-1))[0]
		c.checkin(transport.Return{Request: o.Request})
		return o.Result == transport.Granted
	}, timeout/8, "the seat of a lease that expired is never freed")
	c.ended(messages.Expired, left)
	c.gone(messages.Expired, idle, "its lease has expired")
	c.free(f.Seats - 1)
}
