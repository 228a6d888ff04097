package conformance

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// Fixture is a transport and a live server for [Run] to try. The first five fields are required. Each other field
// allows further subtests; a subtest that lacks its field is skipped and names the field.
//
// The functions are controls of the server. The suite calls them on the goroutine of the subtest; a control returns
// when it has taken effect. Where subtests share a server, the fixture undoes in t.Cleanup what its controls did.
type Fixture struct {
	// Transport is the transport to certify.
	Transport transport.Transport
	// Address is where the transport reaches the server.
	Address transport.Address
	// Feature is a feature that the server serves. All its seats are free and nobody else takes any.
	Feature string
	// Seats is the number of seats of Feature: 2 to transport.MaxBatch.
	Seats int
	// Version is the version of Feature that the server serves: higher than 0.0, its minor number below
	// messages.MaxVersion.
	Version messages.Version

	// Plenty is another feature, with at least transport.MaxLeases free seats.
	Plenty string
	// Local is another feature, with at least one free seat, whose grants are local.
	Local string
	// Alias is a further address of the same server.
	Alias transport.Address

	// Waits says that the server has a queue for takes that wait for seats. When false, the suite checks that the
	// server refuses such takes at once.
	Waits bool

	// Restart ends the server process and starts it again with its ledger. It may return before the server answers.
	Restart func()
	// Stop ends the server, or makes it unreachable in a way that clients notice.
	Stop func()
	// Freeze makes the server, or the network in front of it, swallow all further requests, so that calls hang.
	Freeze func()
	// Refuse makes the server refuse all further calls, for any reason.
	Refuse func()
	// Revoke ends a lease with reason Revoked.
	Revoke func(messages.LeaseID)
	// SetClientTimeout sets the client timeout of the server. Without it, expiry is tried only on a server whose client
	// timeout is at most 3 seconds.
	SetClientTimeout func(time.Duration)
}

// check stops the subtest when a required field is missing or out of bounds.
func (f *Fixture) check(t *testing.T) {
	t.Helper()
	require.NotNil(t, f.Transport, "Fixture.Transport is required")
	require.NotEmpty(t, f.Address, "Fixture.Address is required")
	require.NotEmpty(t, f.Feature, "Fixture.Feature is required")
	require.True(t, f.Seats >= 2 && f.Seats <= transport.MaxBatch, "Fixture.Seats must be 2 to %d", transport.MaxBatch)
	require.True(t, f.Version.Compare(messages.Version{}) > 0 && f.Version.Minor < messages.MaxVersion,
		"Fixture.Version must be above 0.0, its minor number below %d", messages.MaxVersion)
}

// needs skips the subtest when the fixture lacks a field that the promise needs.
func needs(t *testing.T, has bool, field string) {
	t.Helper()
	if !has {
		t.Skipf("the fixture has no %s", field)
	}
}
