package grpctransport

import (
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// unreached is the error of a call that got no answer, in the words that an operator needs: people read it in events,
// in logs and when the process exits. It has the status of the call, for status.FromError.
type unreached struct{ status *status.Status }

// GRPCStatus returns the status of the call.
func (u unreached) GRPCStatus() *status.Status { return u.status }

// Error leaves out what every call that was not answered has in common.
func (u unreached) Error() string {
	text := plain(u.status.Message())
	if u.status.Code() == codes.Unavailable {
		return text
	}
	return u.status.Code().String() + ": " + text
}

// plain takes gRPC's wrapping off the words of the network or of TLS. Words that are wrapped otherwise stay as they are.
func plain(message string) string {
	_, quoted, _ := strings.Cut(message, "connection error: desc = ")
	text, err := strconv.Unquote(quoted)
	if err != nil {
		return message
	}
	return strings.TrimPrefix(strings.TrimPrefix(text, "transport: "), "Error while dialing: ")
}
