// Package transporttest tests code that holds floating licences, without a licence server: an in-memory [Network] of fake
// servers that can fail in every way that real ones do, and [Conformance], which certifies any transport.
//
// # Testing a service
//
// [NewNetwork] is a [transport.Transport]. Give it to the code under test in place of the real one, add servers, and
// let things happen to them:
//
//	network := transporttest.NewNetwork()
//	server := network.AddServer("lic1:6200", map[string]int{"cad": 2})
//	...                        // start the code under test with network as its Transport
//	server.Down()              // the cable is pulled: connects and calls fail at once
//	server.Up()                // plugged in again: the same process, the same leases
//	server.Restart()           // another process from the same ledger: leases are resumed
//	server.Forget()            // another process, the ledger is lost: seats are taken anew
//	server.RevokeFeature("cad")
//	assert.Equal(t, 1, server.Held("cad"))
//
// Inside a testing/synctest bubble all of this runs in virtual time: hours of heartbeats take milliseconds, and no
// test sleeps. Make the network inside the bubble then. The fakes have no clock but package time and no goroutine of
// their own; what Delay and Duplicate hold back ends by itself.
//
// # What can go wrong
//
//   - The server: [Server.Down], [Server.Restart], [Server.Forget], [Server.Replace], [Server.Rollback].
//   - The network: [Network.Cut], [Server.BlackHole], [Server.DropReplies], [Server.Duplicate], [Server.Delay],
//     [Server.DelayReplies].
//   - The seats: [Server.SetSeats], [Server.SetOverdraft], [Server.Take], [Server.SetVersion], [Server.Withdraw],
//     [Server.Revoke], [Server.End], [Server.SetClientTimeout].
//   - The answers: [Server.Refuse], and [Server.Tamper] for nonsense of the test's own making.
//
// What disturbs calls takes the kinds of calls that it is about: server.Delay(time.Second, transporttest.Heartbeats).
//
// # What a test can see
//
// [Server.Held] and [Server.Leases] tell who sits on which seats, [Server.Stats] counts calls, and [Server.OnCall] sees
// each of them: that is how a test shows that a returned lease is never beaten again, or that a server was left alone.
// [Server.Waiting] tells how many wait in line for seats.
//
// # Certifying a transport
//
// Whoever writes a transport of their own runs [Conformance] against it and a live server.
package transporttest
