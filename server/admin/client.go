package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// Client administers a server on this machine. Its methods are safe for concurrent use and block until the server has
// answered or ctx ends.
type Client struct {
	Address string // host:port of the administration
	Token   Token
}

// Status returns the status of the server.
func (c Client) Status(ctx context.Context) (s Status, err error) {
	return s, c.json(ctx, http.MethodGet, "/v1/status", nil, &s)
}

// Leases returns a page of leases, of one feature, or of all features if it is empty. The first page comes after 0, each
// further one after Next of the page before.
func (c Client) Leases(ctx context.Context, feature string, after uint32) (l Leases, err error) {
	query := url.Values{"after": {strconv.FormatUint(uint64(after), 10)}, "feature": {feature}}
	return l, c.json(ctx, http.MethodGet, "/v1/leases?"+query.Encode(), nil, &l)
}

// Release revokes a lease.
func (c Client) Release(ctx context.Context, lease string) error {
	return c.json(ctx, http.MethodPost, "/v1/release", release{Lease: lease}, nil)
}

// Reload makes the server reload licences and certificates. The error says what was refused; the server then uses the
// previous ones.
func (c Client) Reload(ctx context.Context) error {
	return c.json(ctx, http.MethodPost, "/v1/reload", struct{}{}, nil)
}

// Backup writes a copy of the ledger to w. The copy is complete if Backup returns nil.
func (c Client) Backup(ctx context.Context, w io.Writer) error {
	reply, err := c.do(ctx, http.MethodGet, "/v1/backup", nil)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, reply.Body)
	return errors.Join(err, reply.Body.Close())
}

// json sends in, if it is not nil, and reads the reply into out, if that is not nil.
func (c Client) json(ctx context.Context, method, path string, in, out any) error {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return err
		}
	}
	reply, err := c.do(ctx, method, path, &body)
	if err != nil {
		return err
	}
	defer func() { _ = reply.Body.Close() }()
	if out == nil {
		return nil
	}
	return json.NewDecoder(reply.Body).Decode(out)
}

// do sends a request. It returns the reply if its status is 200, and an error with the server's message if not.
func (c Client) do(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	if body == nil {
		body = http.NoBody
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+c.Address+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+string(c.Token))
	transport := &http.Transport{DisableKeepAlives: true} // it has no proxy: the token stays on this machine
	reply, err := transport.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("no answer from %s: %w: check that the server runs and that this is its --admin address", c.Address, err)
	}
	if reply.StatusCode == http.StatusOK {
		return reply, nil
	}
	defer func() { _ = reply.Body.Close() }()
	var refused failure
	if err := json.NewDecoder(io.LimitReader(reply.Body, maxBody)).Decode(&refused); err != nil || refused.Error == "" {
		refused.Error = reply.Status
	}
	if reply.StatusCode == http.StatusUnauthorized {
		refused.Error += ": use the token file of the server at this address"
	}
	return nil, fmt.Errorf("%s answered: %s", c.Address, refused.Error)
}
