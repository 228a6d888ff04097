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
				go ask(ctx, host, answers)
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

// ask looks a name up by a resolver of its own: a resolver that is asked for a name twice waits for its first answer.
func ask(ctx context.Context, host string, answers chan<- found) {
	r := &net.Resolver{PreferGo: net.DefaultResolver.PreferGo, StrictErrors: net.DefaultResolver.StrictErrors, Dial: net.DefaultResolver.Dial}
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
