package grpctransport

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Operators read these messages. The messages of gRPC filled two lines of a terminal before they named the cause.
func TestACallThatGotNoAnswerSaysWhyAndNoMore(t *testing.T) {
	for _, c := range []struct {
		code          codes.Code
		message, want string
	}{
		{
			codes.Unavailable,
			`connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:1: connect: connection refused"`,
			"dial tcp 127.0.0.1:1: connect: connection refused",
		},
		{
			codes.Unavailable,
			`last connection error: connection error: desc = "transport: authentication handshake failed: tls: \"x\""`,
			`authentication handshake failed: tls: "x"`,
		},
		{
			codes.Unavailable,
			`closing transport due to: connection error: desc = "error reading from server: EOF", received prior goaway: none`,
			`closing transport due to: connection error: desc = "error reading from server: EOF", received prior goaway: none`,
		},
		{codes.Unavailable, "the session was superseded", "the session was superseded"},
		{codes.Unimplemented, "unknown service seatbeat.Seats", "Unimplemented: unknown service seatbeat.Seats"},
	} {
		assert.EqualError(t, unreached{status: status.New(c.code, c.message)}, c.want)
	}
}

func TestACallThatGotNoAnswerKeepsItsStatus(t *testing.T) {
	assert.Equal(t, codes.Unimplemented, status.Code(unreached{status: status.New(codes.Unimplemented, "unknown service")}))
}
