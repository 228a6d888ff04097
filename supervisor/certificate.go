package supervisor

import (
	"context"
	"time"

	"github.com/seatbeat/seatbeat/internal/hostcode"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

const (
	// certificateLook is the pause between two looks at the client's certificate.
	certificateLook = time.Hour
	// certificateWait is how long a look may take.
	certificateWait = 10 * time.Second
)

// certificateDays are how many days before its end a certificate is told of.
var certificateDays = [...]int{30, 7, 1}

// certificateWatch looks whether the client's certificate expires soon, and publishes that.
type certificateWatch struct {
	certified transport.Certified
	guard     *hostcode.Guard
	wall      func() time.Time
	publish   func(messages.Event)

	expires time.Time // of the certificate that was seen last
	told    int       // how many of certificateDays were told of it
	fault   string    // that was told last; "": none since the files could be read
}

// newCertificateWatch returns the watch of a transport; nil when the transport has no certificate.
func newCertificateWatch(c Config, publish func(messages.Event)) *certificateWatch {
	certified, ok := c.Transport.(transport.Certified)
	if !ok {
		return nil
	}
	return &certificateWatch{certified: certified, guard: hostcode.New("the transport", 0), wall: c.wall, publish: publish}
}

// run looks at once and then every hour, until ctx ends.
func (w *certificateWatch) run(ctx context.Context) {
	ticker := time.NewTicker(certificateLook)
	defer ticker.Stop()
	for {
		w.look(ctx)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// look asks the transport. Its methods and those of its error are code of the host.
func (w *certificateWatch) look(ctx context.Context) {
	type answer struct {
		expires time.Time
		fault   string
	}
	ctx, cancel := context.WithTimeout(ctx, certificateWait)
	defer cancel()
	a, err := hostcode.Call(ctx, w.guard, func() (a answer, err error) {
		expires, fault := w.certified.Certificate()
		if a.expires = expires; fault != nil {
			a.fault = fault.Error()
		}
		return a, nil
	}, nil)
	switch {
	case err == nil:
		w.judge(a.expires, a.fault)
	case ctx.Err() == nil || ctx.Err() == context.DeadlineExceeded:
		w.judge(w.expires, err.Error())
	}
}

// judge publishes a fault when it is new, and the certificate's end when it has come near.
func (w *certificateWatch) judge(expires time.Time, fault string) {
	if !expires.Equal(w.expires) {
		w.expires, w.told = expires, 0
	}
	left := expires.Sub(w.wall())
	due := 0
	for due < len(certificateDays) && !expires.IsZero() && left <= time.Duration(certificateDays[due])*24*time.Hour {
		due++
	}
	if due > w.told || fault != "" && fault != w.fault {
		w.publish(messages.CertificateExpiring{Expires: expires, Left: left.Round(time.Second), Fault: fault})
	}
	w.told, w.fault = max(w.told, due), fault
}
