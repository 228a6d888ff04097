package httptransport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/seatbeat/seatbeat/transport"
)

// errClosed is why a call fails after Close.
var errClosed = errors.New("session closed")

// exchange makes one call: it fills in reply and returns what the server said of itself, which told points to within the
// reply. The error has a *transport.Refusal in it if the server refused; any other means that it was not reached.
func (s *session) exchange(ctx context.Context, path string, request, reply any, told *hello) (transport.Hello, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.alive, func() { cancel(errClosed) })()
	if s.alive.Err() != nil {
		return transport.Hello{}, s.failed(path, errClosed)
	}
	status, body, err := s.post(ctx, path, request)
	switch {
	case err != nil && ctx.Err() != nil:
		err = context.Cause(ctx) // which says more than what net/http made of it
	case err != nil:
	case status == http.StatusOK:
		err = json.Unmarshal(body, reply)
	case status == http.StatusUnprocessableEntity:
		err = refusalOf(body)
	default:
		err = fmt.Errorf("status %d: not the answer of a license server", status)
	}
	if err != nil {
		return transport.Hello{}, s.failed(path, err)
	}
	hello, err := told.sound()
	if err != nil {
		return transport.Hello{}, s.failed(path, err)
	}
	return hello, nil
}

// post sends a request and reads the whole answer.
func (s *session) post(ctx context.Context, path string, request any) (status int, body []byte, err error) {
	text, err := json.Marshal(request)
	if err != nil {
		return 0, nil, err
	}
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+string(s.address)+path, bytes.NewReader(text))
	if err != nil {
		return 0, nil, err
	}
	answer, err := s.client.Do(post)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err = io.ReadAll(io.LimitReader(answer.Body, maxBody))
	return answer.StatusCode, body, err
}

// refusalOf returns the refusal in a body, or what is wrong with it.
func refusalOf(body []byte) error {
	var r refusal
	if err := json.Unmarshal(body, &r); err != nil {
		return err
	}
	hello, err := r.Hello.sound()
	if err != nil {
		return err
	}
	return &transport.Refusal{Reason: r.Reason, Message: r.Message, RetryAfter: millis(r.RetryAfter), Hello: hello}
}
