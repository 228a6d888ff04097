package transport

import (
	"context"
	"fmt"
)

// Client says who connects. The server takes nothing for proved by it: what a client may do follows from its
// certificate. Name, User, Host and Share are shown to operators and used where the licence shares seats by them.
type Client struct {
	// Instance is drawn at random at each start of a runtime. Leases belong to it.
	Instance [16]byte
	Name     string // of the application
	User     string
	Host     string
	Share    string // a group name that the vendor gives meaning to
}

// String returns "name user@host" for people; the instance is left out.
func (c Client) String() string { return fmt.Sprintf("%s %s@%s", c.Name, c.User, c.Host) }

type clientKey struct{}

// WithClient returns a context for Connect that says who connects.
func WithClient(ctx context.Context, c Client) context.Context {
	return context.WithValue(ctx, clientKey{}, c)
}

// ClientFrom returns the client that WithClient put into ctx, or the zero Client.
func ClientFrom(ctx context.Context) Client {
	c, _ := ctx.Value(clientKey{}).(Client)
	return c
}
