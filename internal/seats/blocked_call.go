package seats

import "context"

// BlockedCall is a call that is blocked while its take waits in a queue. The allocator decides it; the goroutine of the
// call waits for Done, and ends the context when it no longer waits. The allocator notices that later.
type BlockedCall struct {
	ctx     context.Context
	session uint64
	outcome Outcome
	err     error
	done    chan struct{}
}

// NewBlockedCall returns a call of a session. The end of ctx means that the caller no longer waits.
func NewBlockedCall(ctx context.Context, session uint64) *BlockedCall {
	return &BlockedCall{ctx: ctx, session: session, done: make(chan struct{})}
}

// Done is closed when the call is decided and the decision is in the ledger.
func (b *BlockedCall) Done() <-chan struct{} { return b.done }

// Result returns the decision. Call it after Done is closed.
func (b *BlockedCall) Result() (Outcome, error) { return b.outcome, b.err }

// decide sets the result, for answer to reveal.
func (b *BlockedCall) decide(o Outcome, err error) { b.outcome, b.err = o, err }

// answer lets the goroutine of the call continue.
func (b *BlockedCall) answer() { close(b.done) }

// over returns why the caller no longer waits for the answer; nil while it waits.
func (b *BlockedCall) over(c *Client) error {
	if c.session.Load() != b.session {
		return ErrSuperseded
	}
	return b.ctx.Err()
}
