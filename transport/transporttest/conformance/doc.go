// Package conformance certifies a transport: it tries each promise of package transport against a live licence server,
// one subtest for each promise.
//
//	func TestTransportConforms(t *testing.T) {
//		conformance.Run(t, func(t *testing.T) conformance.Fixture {
//			server := startServer(t) // ends with t.Cleanup
//			return conformance.Fixture{
//				Transport: mytransport.New(),
//				Address:   server.Address(),
//				Feature:   "cad", Seats: 3, Version: messages.V(2, 1),
//				Restart:   server.Restart,
//			}
//		})
//	}
//
// The first five fields of [Fixture] are required. Each other field lets the suite try further promises; without the
// field these subtests are skipped and name the field that they lack, which go test -v shows. Set as many fields as
// your server has controls for:
//
//	go test -race -v -run TestTransportConforms ./...
//
// The race detector is part of the certification: it notices a transport that keeps the slices of its caller.
//
// The suite tries transport and server together, because the runtime relies on both. It cannot try what no licence
// server does, such as a reply for another call or a proxy's error page: write tests of your own for these.
// docs/transports.md has the contract, a worked example and the pitfalls.
package conformance
