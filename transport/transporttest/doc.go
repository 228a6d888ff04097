// Package transporttest is a fake for tests of code that holds floating licences: an in-memory [Network] of fake
// licence servers that fail, on demand, in every way in which real ones do. Package conformance below it certifies a
// transport.
//
// # Test a service in four steps
//
// 1. Let the service take its transport as an argument, a [github.com/seatbeat/seatbeat/transport.Transport].
//
// 2. In the test, make a network with a server, and pass the network to the service:
//
//	network := transporttest.NewNetwork()
//	server := network.AddServer("lic1:6200", map[string]int{"cad": 2}) // two seats of feature cad
//	... start the service with network as its transport and lic1:6200 as its server
//
// 3. Make something happen to the server:
//
//	server.Down()               // its network cable is pulled: connects and calls fail at once
//	server.Up()                 // the cable is back: the same process, the same leases
//	server.Restart()            // another process with the same ledger: clients resume their leases
//	server.Forget()             // another process without the ledger: clients check out again
//	server.RevokeFeature("cad") // an administrator ends the leases
//
// 4. Check what the service did, and which seats are in use:
//
//	assert.Equal(t, 1, server.Held("cad"))
//
// Run the test in a bubble of testing/synctest, and make the network inside the bubble: then time is virtual, hours of
// heartbeats take milliseconds, and no test sleeps. The fakes use the clock of package time alone. They start no
// goroutine, but timers for the faults that delay something and for the queues; these end by themselves.
// examples/servicetest is a whole service with such tests, and docs/testing.md has more.
//
// # What can go wrong
//
//   - The server process: [Server.Down], [Server.Restart], [Server.Forget], [Server.Replace], [Server.Rollback].
//   - The network: [Network.Cut], [Server.BlackHole], [Server.DropReplies], [Server.Duplicate], [Server.Delay],
//     [Server.DelayReplies].
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
