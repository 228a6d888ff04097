package transporttest

import "errors"

// Errors of calls that got no answer. None of them is a refusal: the runtime takes each for a server that was not
// reached. A test may look for them with errors.Is; a service has no reason to.
var (
	// ErrUnreachable: the server was down, the address was cut or unknown, or the server went down or restarted during
	// the call. The request was not executed. Call Up or Heal, then repeat the call.
	ErrUnreachable = errors.New("server unreachable")
	// ErrReplyLost: the request was executed and Server.DropReplies lost its reply. Repeat the call with the same
	// request ids.
	ErrReplyLost = errors.New("reply lost")
	// ErrSuperseded: the same client instance has connected to this server again. Use the later session.
	ErrSuperseded = errors.New("session superseded by a later one")
	// ErrClosed: the session is closed. Connect again.
	ErrClosed = errors.New("session closed")
)
