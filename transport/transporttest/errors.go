package transporttest

import "errors"

// Errors of calls that were not answered. None of them is a refusal: to the runtime each means "not reached". Tests may
// look for them with errors.Is; a service has no reason to.
var (
	// ErrUnreachable: the server was down, its address cut or unknown, or it went away during the call. The request was
	// not executed.
	ErrUnreachable = errors.New("server unreachable")
	// ErrReplyLost: the request was executed and its reply dropped. Only Server.DropReplies makes it.
	ErrReplyLost = errors.New("reply lost")
	// ErrSuperseded: the same client instance has connected to this server anew since; use that session.
	ErrSuperseded = errors.New("session superseded by a later one")
	// ErrClosed: Close was called on the session.
	ErrClosed = errors.New("session closed")
)
