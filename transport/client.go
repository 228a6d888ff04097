package transport

import (
	"context"
	"fmt"
)

// Client is who connects. A server takes none of it as proven: the certificate of the connection decides what the
// client may do. Name, User, Host and Share are shown to operators, and used where a licence shares seats by them.
type Client struct {
	// Instance is random at each start of a runtime. It owns the leases.
	Instance [16]byte
	Name     string // of the application
	User     string
	Host     string
	Share    string // of a group whose meaning the vendor defines
}

// String returns "name user@host", for people.
func (c Client) String() string { return fmt.Sprintf("%s %s@%s", c.Name, c.User, c.Host) }

type clientKey struct{}

// WithClient returns a context for Connect that carries the client.
func WithClient(ctx context.Context, c Client) context.Context {
	return context.WithValue(ctx, clientKey{}, c)
}

// ClientFrom returns the client that ctx carries, or the zero Client.
func ClientFrom(ctx context.Context) Client {
	c, _ := ctx.Value(clientKey{}).(Client)
	return c
}
