package grpctransport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// A resolver that lost a packet repeats it after 5 s, as long as a whole connect may take by default. The name is
// therefore looked up again, beside the first time, until one of them has an answer.
const (
	lookUpAgain = time.Second
	maxLookUps  = 3
)

// found is the result of one look-up of a name.
type found struct {
	addresses []net.IPAddr
	err       error
}

// lookUp returns the addresses of a host name. An IP address is returned as it is.
func lookUp(ctx context.Context, host string) ([]net.IPAddr, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the look-ups that still run
	answers := make(chan found, maxLookUps)
	again := time.NewTimer(0)
	defer again.Stop()
	for begun, ended := 0, 0; ; {
		select {
		case <-again.C:
			if begun < maxLookUps {
				go ask(ctx, newResolver(), host, answers)
				begun++
				again.Reset(lookUpAgain)
			}
		case answer := <-answers:
			ended++
			if answer.err == nil || isFinal(answer.err) || ended == maxLookUps {
				return answer.addresses, answer.err
			}
			again.Reset(0)
		}
	}
}

// defaultResolver returns whose settings count. Tests replace it.
var defaultResolver = func() *net.Resolver { return net.DefaultResolver }

// newResolver returns a resolver that works as the default one, and waits for no look-up of another resolver: one that is
// asked for a name twice waits for its first answer.
func newResolver() *net.Resolver {
	d := defaultResolver()
	return &net.Resolver{PreferGo: d.PreferGo, StrictErrors: d.StrictErrors, Dial: d.Dial}
}

// ask looks a name up.
func ask(ctx context.Context, r *net.Resolver, host string, answers chan<- found) {
	addresses, err := r.LookupIPAddr(ctx, host)
	if err == nil && len(addresses) == 0 {
		err = fmt.Errorf("look up %s: the name has no address", host)
	}
	answers <- found{addresses, err}
}

// isFinal reports whether asking again would bring the same: there is no such name, or the time is over.
func isFinal(err error) bool {
	var fault *net.DNSError
	return !errors.As(err, &fault) || fault.IsNotFound
}
