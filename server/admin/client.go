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

// Client administers a server on this machine.
type Client struct {
	Address string // host:port
	Token   Token
}

// Status asks how the server is.
func (c Client) Status(ctx context.Context) (s Status, err error) {
	return s, c.json(ctx, http.MethodGet, "/v1/status", nil, &s)
}

// Leases asks for a page of leases, of one feature or, when that is empty, of all.
func (c Client) Leases(ctx context.Context, feature string, after uint32) (l Leases, err error) {
	query := url.Values{"after": {strconv.FormatUint(uint64(after), 10)}, "feature": {feature}}
	return l, c.json(ctx, http.MethodGet, "/v1/leases?"+query.Encode(), nil, &l)
}

// Release ends a lease for good.
func (c Client) Release(ctx context.Context, lease string) error {
	return c.json(ctx, http.MethodPost, "/v1/release", release{Lease: lease}, nil)
}

// Reload has the server read licences and certificates anew.
func (c Client) Reload(ctx context.Context) error {
	return c.json(ctx, http.MethodPost, "/v1/reload", struct{}{}, nil)
}

// Backup writes a copy of the ledger to w. When it returns nil the copy is whole.
func (c Client) Backup(ctx context.Context, w io.Writer) error {
	reply, err := c.do(ctx, http.MethodGet, "/v1/backup", nil)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, reply.Body)
	return errors.Join(err, reply.Body.Close())
}

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

// do returns a reply that is not a no.
func (c Client) do(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	if body == nil {
		body = http.NoBody
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+c.Address+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+string(c.Token))
	transport := &http.Transport{DisableKeepAlives: true} // no proxy: the token stays on this machine
	reply, err := transport.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w; is the server running, and is this its --admin address?", c.Address, err)
	}
	if reply.StatusCode == http.StatusOK {
		return reply, nil
	}
	defer func() { _ = reply.Body.Close() }()
	var no failure
	if err := json.NewDecoder(io.LimitReader(reply.Body, maxBody)).Decode(&no); err != nil || no.Error == "" {
		no.Error = reply.Status
	}
	if reply.StatusCode == http.StatusUnauthorized {
		no.Error += ": use the file of the token of the server that is there"
	}
	return nil, fmt.Errorf("%s answered: %s", c.Address, no.Error)
}
