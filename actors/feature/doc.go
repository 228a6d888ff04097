// Package feature is the machine of one checked-out feature: from the first checkout until the seats are returned, lost or
// given up.
//
// [Machine] is the whole machine, with one method for each state. It asks for seats with a TakeSeat, which the feature's
// connection answers with SeatGranted, SeatRefused or SeatUnanswered. Its origin sends it a message only when something
// changes: a failed heartbeat, a lease that was resumed or ended. A round (file round.go) is one pass over the servers.
//
// The table in transitions.go says what each state does with each input. A test proves that the machine does exactly that.
package feature
