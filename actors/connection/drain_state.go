package connection

// drainState says how far a connection is on its way to the end of the runtime.
type drainState uint8

const (
	// running: the runtime is not being closed.
	running drainState = iota
	// draining: no take is accepted any more; the returns go on.
	draining
	// drained: nothing is left to return, and the runtime was told.
	drained
)
