package grpctransport

import (
	"slices"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// unreached is the error of a call that got no answer. Operators read it in events, in logs and when the process exits,
// so its text has only what operators need. It carries the status of the call, for status.FromError.
type unreached struct {
	status     *status.Status
	connecting bool // no call of the session was answered before
}

// GRPCStatus returns the status of the call.
func (u unreached) GRPCStatus() *status.Status { return u.status }

// Error returns the message of the status, and what may be its cause where the message does not say it. The code Unavailable is left out: most calls without an answer have it.
func (u unreached) Error() string {
	text := plain(u.status.Message())
	text += u.explain(text)
	if u.status.Code() == codes.Unavailable {
		return text
	}
	return u.status.Code().String() + ": " + text
}

// mayBe has the hint for an operator for each text of a network error; the first match counts.
var mayBe = []struct{ words, cause string }{
	{"tls: expired certificate", "the server refused this client's certificate, which has expired or is not valid yet"},
	{"tls: certificate required", "the server serves only clients that have a certificate"},
	{"tls: bad certificate", "the server refused this client's certificate"},
	{"tls: unknown certificate authority", "the server does not know the authority of this client's certificate"},
	{"first record does not look like a TLS handshake", "the server speaks no TLS at this address"},
	{"HTTP/1.1 header", "the server speaks another protocol at this address"},
}

// closedAtOnce is said of a connect that ended in one of these ways.
const closedAtOnce = "the server closed the connection without an answer: it may be at its limit of connections, " +
	"or expect TLS where this client has none, or be no licence server"

var closings = []string{"error reading server preface", "EOF", "broken pipe", "connection reset by peer"}

// explain returns the likely cause of an error of the network, or "" where the error says the cause.
func (u unreached) explain(text string) string {
	for _, m := range mayBe {
		if strings.Contains(text, m.words) {
			return " (" + m.cause + ")"
		}
	}
	closed := func(words string) bool { return strings.Contains(text, words) }
	if u.connecting && slices.ContainsFunc(closings, closed) {
		return " (" + closedAtOnce + ")"
	}
	return ""
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
