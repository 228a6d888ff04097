package transporttest

import "testing"

// Conformance certifies a transport against a live server: it fails t when transport and server together break a promise
// that [transport.Session] makes, in one subtest for each promise. That includes what the server owes, such as
// resuming leases after a restart, since the runtime relies on both.
//
// The factory is called once for each subtest, with that subtest's t, and returns a transport and a server whose seats
// are free. It may return the same server each time, as long as that still works: the suite gives back what it took and
// draws a new client instance for everything. The factory ends what it began in t.Cleanup.
//
//	func TestTransportConforms(t *testing.T) {
//		transporttest.Conformance(t, func(t *testing.T) transporttest.Fixture {
//			server := startServer(t)
//			return transporttest.Fixture{
//				Transport: mytransport.New(),
//				Address:   server.Address(),
//				Feature:   "cad", Seats: 3, Version: messages.V(2, 1),
//				Restart:   server.Restart,
//			}
//		})
//	}
//
// Everything runs in real time, and one subtest after the other: one of them counts goroutines, so let no other test run
// in parallel. Run it under the race detector, too, which is what notices a transport that keeps its caller's slices.
func Conformance(t *testing.T, factory func(t *testing.T) Fixture) {
	for _, group := range promises {
		for _, p := range group {
			t.Run(p.name, func(t *testing.T) {
				f := factory(t)
				f.check(t)
				p.try(t, &f)
			})
		}
	}
}

// promise is one subtest: a sentence and how it is tried.
type promise struct {
	name string
	try  func(*testing.T, *Fixture)
}

var promises = [][]promise{
	grantPromises, repeatPromises, replacePromises, returnPromises, heartbeatPromises,
	callPromises, contextPromises, sessionPromises, lifePromises, waitPromises,
}
