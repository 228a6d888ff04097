package transporttest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// Fixture is a transport and a live server for [Conformance] to try it on. The first five fields are needed. Each other
// one makes further subtests possible; those that lack it are skipped and say so.
//
// Controls are called on the goroutine of the subtest and return when they have taken effect. What they did to the
// server is undone by the fixture's own t.Cleanup, where servers are shared between subtests.
type Fixture struct {
	// Transport is the transport to certify.
	Transport transport.Transport
	// Address is where it reaches the server.
	Address transport.Address
	// Feature is served by the server. All of its seats are free and nobody else takes any.
	Feature string
	// Seats is how many seats Feature has: 2 to transport.MaxBatch.
	Seats int
	// Version is the version in which Feature is served: higher than 0.0, its minor number below messages.MaxVersion.
	Version messages.Version

	// Plenty is another feature, with at least transport.MaxLeases free seats.
	Plenty string
	// Local is another feature, whose grants are local. At least one seat of it is free.
	Local string
	// Alias is a further address of the same server.
	Alias transport.Address

	// Waits says that the server lets takes wait in line. One that does not must refuse them at once.
	Waits bool

	// Restart ends the server and starts it anew with its ledger kept. It may return before the server answers again.
	Restart func()
	// Stop ends the server, or makes it unreachable in a way that clients notice.
	Stop func()
	// Freeze makes the server, or the network before it, swallow all further requests: calls hang, new ones too.
	Freeze func()
	// Refuse makes the server refuse all further calls, in whatever way and for whatever reason it likes.
	Refuse func()
	// Revoke ends a lease with reason Revoked.
	Revoke func(messages.LeaseID)
	// SetClientTimeout sets the client timeout. Without it, expiry is tested only on a server whose client timeout is at
	// most 3 seconds, in real time.
	SetClientTimeout func(time.Duration)
}

// check stops the subtest when the fixture itself is not fit for it.
func (f *Fixture) check(t *testing.T) {
	t.Helper()
	require.NotNil(t, f.Transport, "Fixture.Transport is needed")
	require.NotEmpty(t, f.Address, "Fixture.Address is needed")
	require.NotEmpty(t, f.Feature, "Fixture.Feature is needed")
	require.True(t, f.Seats >= 2 && f.Seats <= transport.MaxBatch, "Fixture.Seats must be 2 to %d", transport.MaxBatch)
	require.True(t, f.Version.Compare(messages.Version{}) > 0 && f.Version.Minor < messages.MaxVersion,
		"Fixture.Version must be above 0.0, its minor number below %d", messages.MaxVersion)
}

// needs skips the subtest when the fixture lacks what it is about.
func needs(t *testing.T, has bool, field string) {
	t.Helper()
	if !has {
		t.Skipf("the fixture has no %s", field)
	}
}
