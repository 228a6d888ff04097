package grpctransport

import (
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// unreached is the error of a call that got no answer. Operators read it in events, in logs and when the process exits,
// so its text is only what they need. It carries the status of the call, for status.FromError.
type unreached struct{ status *status.Status }

// GRPCStatus returns the status of the call.
func (u unreached) GRPCStatus() *status.Status { return u.status }

// Error returns the message of the status. The code Unavailable is left out: most calls without an answer have it.
func (u unreached) Error() string {
	text := plain(u.status.Message())
	if u.status.Code() == codes.Unavailable {
		return text
	}
	return u.status.Code().String() + ": " + text
}

// plain removes the prefixes that gRPC puts before an error of the network or of TLS. Another message stays as it is.
func plain(message string) string {
	_, quoted, _ := strings.Cut(message, "connection error: desc = ")
	text, err := strconv.Unquote(quoted)
	if err != nil {
		return message
	}
	return strings.TrimPrefix(strings.TrimPrefix(text, "transport: "), "Error while dialing: ")
}
