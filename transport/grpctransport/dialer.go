package grpctransport

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
)

const (
	// headStart is how long one address of a name is tried alone before the next one is tried beside it, as RFC 8305 advises.
	headStart = 250 * time.Millisecond
	// allTried is when the last of many addresses is tried at the latest: well within the time of one connect.
	allTried = 2 * time.Second
	// maxUnanswered is how many connections in a row may be opened and closed again without an answer. gRPC itself repeats a
	// call at once as long as the server cannot have seen it, hundreds of times within the time of one connect.
	maxUnanswered = 3
)

// errUnanswered is why a session opens no more connections.
var errUnanswered = errors.New("the server accepts connections and closes them without an answer: " +
	"it may be at its limit of connections, expect TLS or the lack of it, or be no licence server")

// dialer opens the connections of one session and remembers the newest, so that Close can cut it: gRPC's own way to close
// says goodbye first and waits for that to be written, for seconds if the network swallows it. It is safe for concurrent use.
type dialer struct {
	host, port string
	net        net.Dialer

	mu         sync.Mutex
	closed     bool
	open       net.Conn // the newest
	unanswered int      // connections opened since the server last answered
}

func newDialer(host, port string) *dialer { return &dialer{host: host, port: port} }

// dial opens a connection to whichever address of the server's name answers first. gRPC calls it, with a target that is
// none of ours.
func (d *dialer) dial(ctx context.Context, _ string) (net.Conn, error) {
	if d.isUnanswered() {
		return nil, errUnanswered
	}
	addresses, err := lookUp(ctx, d.host)
	if err != nil {
		return nil, err
	}
	conn, err := d.race(ctx, addresses)
	if err != nil {
		return nil, err
	}
	return d.keep(conn)
}

func (d *dialer) isUnanswered() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.unanswered >= maxUnanswered
}

func (d *dialer) keep(conn net.Conn) (net.Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	d.open = conn
	d.unanswered++
	return conn, nil
}

// watch passes a call on, and notes when the server answered it.
func (d *dialer) watch(
	ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, call grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	err := call(ctx, method, request, reply, conn, options...)
	if err == nil || len(status.Convert(err).Proto().GetDetails()) > 0 { // a refusal is an answer
		d.answered()
	}
	return err
}

func (d *dialer) answered() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unanswered = 0
}

// close cuts the connection and refuses to dial again.
func (d *dialer) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if d.open != nil {
		_ = d.open.Close()
	}
}

// race tries the addresses in order and returns the first connection. Each attempt starts a head start after the
// previous attempt, or as soon as that attempt failed. The error is the error of the first address, which operators
// look at first.
func (d *dialer) race(ctx context.Context, addresses []net.IPAddr) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the attempts that still run
	pause := min(headStart, allTried/time.Duration(len(addresses)))
	tries := make(chan try)
	next := time.NewTimer(0)
	defer next.Stop()
	var failed error
	for begun, ended := 0, 0; ended < len(addresses); {
		select {
		case <-next.C:
			if begun < len(addresses) {
				go d.try(ctx, addresses[begun], begun, tries)
				begun++
				next.Reset(pause)
			}
		case t := <-tries:
			if t.err == nil {
				go closeAll(tries, begun-ended-1)
				return t.conn, nil
			}
			ended++
			if failed == nil || t.place == 0 {
				failed = t.err
			}
			next.Reset(0)
		}
	}
	return nil, failed
}

// try is the result of the attempt to reach one address.
type try struct {
	place int
	conn  net.Conn
	err   error
}

func (d *dialer) try(ctx context.Context, address net.IPAddr, place int, tries chan<- try) {
	conn, err := d.net.DialContext(ctx, "tcp", net.JoinHostPort(address.String(), d.port))
	tries <- try{place, conn, err}
}

// closeAll closes the connections of the attempts that lost the race. They end at once: their context has ended.
func closeAll(tries <-chan try, n int) {
	for range n {
		if t := <-tries; t.conn != nil {
			_ = t.conn.Close()
		}
	}
}
