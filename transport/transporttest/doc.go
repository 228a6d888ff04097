// Package transporttest is a fake for tests of code that holds floating licences: an in-memory [Network] of fake
// licence servers that fail, on demand, in every way in which real ones do. To certify a transport of your own, see
// package [github.com/seatbeat/seatbeat/transport/transporttest/conformance].
//
// # Test a service
//
// A [Network] takes the place of the transport of the service. The test makes things happen to its servers, lets time
// pass, and checks what the service did:
//
//	func TestASeatIsKeptOverARestart(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) {
//			network := transporttest.NewNetwork()
//			server := network.AddServer("lic1:6200", map[string]int{"cad": 2}) // two seats of feature cad
//			rt, err := supervisor.Start(t.Context(), supervisor.Config{
//				Transport: network,
//				Servers:   []transport.Address{"lic1:6200"},
//				Heartbeat: supervisor.Heartbeat{Attempts: 3, Interval: time.Minute},
//			})
//			require.NoError(t, err)
//			license, err := rt.Checkout(t.Context(), messages.Checkout{Feature: "cad"})
//			require.NoError(t, err)
//
//			server.Restart()             // something happens to the server
//			time.Sleep(90 * time.Second) // virtual time: the test does not wait
//
//			assert.Equal(t, messages.StateHeld, license.Status().State)
//			assert.Equal(t, 1, server.Held("cad"))
//			require.NoError(t, rt.Close(context.Background())) // returns the seat
//			assert.Zero(t, server.Held("cad"))
//		})
//	}
//
// In a bubble of testing/synctest, hours of heartbeats take milliseconds. Make the network inside the bubble. The fakes
// use the clock of package time alone. They start no goroutine, but timers for faults that delay something and for
// queues; the timers end by themselves. Outside of a bubble the fakes work in real time.
//
// The directory examples/servicetest has a whole service with such tests. docs/testing.md has a table of all controls,
// and what to look out for.
//
// # What can go wrong
//
//   - The server process: [Server.Down], [Server.Restart], [Server.Forget], [Server.Replace], [Server.Rollback].
//   - The network: [Network.Cut], [Server.BlackHole], [Server.HalfOpen], [Server.DropReplies], [Server.Duplicate],
//     [Server.Delay], [Server.DelayReplies].
//   - The seats: [Server.SetSeats], [Server.SetOverdraft], [Server.Take], [Server.SetVersion], [Server.Withdraw],
//     [Server.Revoke], [Server.End], [Server.SetClientTimeout].
//   - The answers: [Server.Refuse], and [Server.Tamper] for nonsense that the test makes up.
//
// A control that disturbs calls takes the kinds of calls that it disturbs: server.Delay(time.Second,
// transporttest.Heartbeats) delays heartbeats only.
//
// # What a test can see
//
// [Server.Held] returns how many seats are in use, [Server.Leases] who holds them, [Server.Waiting] how many takes are
// in a queue. [Server.Stats] counts calls, and the hook of [Server.OnCall] sees each of them: so a test can show that a
// returned lease gets no heartbeat any more, or that nobody called a server.
//
// # How it is made
//
// A call goes from a session through a delivery (what the network does to the call, and what the server does with it)
// to the ledger (who holds which seats) and back. A [Server] has the lock and the controls; its parts are process
// (identity, sessions, reachability), ledger, faults and [Stats].
package transporttest
