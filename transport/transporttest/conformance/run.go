package conformance

import "testing"

// Run certifies a transport. It fails t when transport and server together break a promise that
// [github.com/seatbeat/seatbeat/transport.Session] makes or that package transport demands of a server.
//
// Run calls factory once for each subtest, with the t of that subtest, on its goroutine. The factory returns a
// transport and a server whose seats are free, and ends in t.Cleanup whatever it started. It may return the same server
// each time, provided that its Cleanup undoes what the controls of the [Fixture] did: every subtest uses new client
// instances and returns the seats that it took.
//
// Everything runs in real time, one subtest after the other, and takes some seconds. One subtest counts goroutines, so
// no other test may run in parallel.
func Run(t *testing.T, factory func(t *testing.T) Fixture) {
	for _, c := range chapters {
		for _, p := range c.promises {
			t.Run(p.name, func(t *testing.T) {
				f := factory(t)
				f.check(t)
				p.try(t, &f)
			})
		}
	}
}

// promise is one subtest: a sentence, which is the name of the subtest, and the function that tries it.
type promise struct {
	name string
	try  func(*testing.T, *Fixture)
}

// chapter is the promises about one subject, which have a file of their own.
type chapter struct {
	name     string
	promises []promise
}

// chapters are all promises, in the order in which Run tries them.
var chapters = []chapter{
	{"Grants", grantPromises},
	{"Repeats", repeatPromises},
	{"Replacing", replacePromises},
	{"Returns", returnPromises},
	{"Heartbeats", heartbeatPromises},
	{"Calls", callPromises},
	{"Contexts", contextPromises},
	{"Sessions", sessionPromises},
	{"Restarts", restartPromises},
	{"Queue", queuePromises},
}
