package main

import "github.com/seatbeat/seatbeat/server"

// limitFlags bound what clients can use of the server.
type limitFlags struct {
	SourceConnections int `help:"Maximum number of connections from one address at a time. Clients behind one NAT share an address." default:"1024" placeholder:"N" group:"limits"`
	Waiting           int `help:"Maximum number of checkouts of all clients that wait for a seat at a time. Each keeps a call open." default:"10000" placeholder:"N" group:"limits"`
	ClientWaiting     int `help:"Maximum number of checkouts of one client that wait for a seat at a time." default:"256" placeholder:"N" group:"limits"`
}

// checkLimits returns an error for the first limit that is out of bounds.
func (f limitFlags) checkLimits() error {
	for _, limit := range []struct {
		flag  string
		value int
	}{
		{"--source-connections", f.SourceConnections}, {"--waiting", f.Waiting}, {"--client-waiting", f.ClientWaiting},
	} {
		if limit.value < 1 || limit.value > server.MaxLimit {
			return usageErrorf("%s is %d: must be 1 to %d", limit.flag, limit.value, server.MaxLimit)
		}
	}
	return nil
}

// limits returns the limits of the server. Those without a flag keep their defaults.
func (f limitFlags) limits() server.Limits {
	return server.Limits{SourceConnections: f.SourceConnections, Waiting: f.Waiting, ClientWaiting: f.ClientWaiting}
}
