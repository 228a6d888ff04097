package endtoend

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seatbeat/seatbeat/internal/wiretap"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
)

// slack is how long calls of the runtime may overtake each other on a slow machine.
const slack = 5 * time.Second

// checkedRuntime is a runtime whose calls are checked against the invariants of package wiretap.
type checkedRuntime struct {
	*supervisor.Runtime
	invariants *wiretap.Invariants

	mu         sync.Mutex // guards the field below
	violations []error
}

// startChecked starts a runtime, which is to be closed with close.
func startChecked(ctx context.Context, c supervisor.Config) (*checkedRuntime, error) {
	r := &checkedRuntime{}
	r.invariants = wiretap.NewInvariants(slack, r.report)
	c.Transport = wiretap.New(c.Transport, r.invariants.Observer())
	onEvent := c.OnEvent
	c.OnEvent = func(e messages.Event) {
		if e, ok := e.(messages.ServerReplaced); ok {
			r.invariants.MayReplaceAt(e.Old.ServerID)
		}
		if onEvent != nil {
			onEvent(e)
		}
	}
	var err error
	r.Runtime, err = supervisor.Start(ctx, c)
	return r, err
}

func (r *checkedRuntime) report(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.violations = append(r.violations, fmt.Errorf(format, args...))
}

// close closes the runtime within a minute. Its error has the violations.
func (r *checkedRuntime) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := r.Close(ctx)
	r.invariants.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(err, errors.Join(r.violations...))
}
