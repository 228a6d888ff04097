package supervisor

import (
	"crypto/rand"
	"os"
	"os/user"
	"path/filepath"

	"github.com/seatbeat/seatbeat/transport"
)

// Client identifies the application to the servers. Operators see these fields, and a licence may let clients with the
// same user, host or share string share seats. Servers do not trust these fields: the permissions of a client follow
// from its certificate.
type Client struct {
	Name  string // default: the name of the program
	Host  string // default: the host name
	User  string // default: the user name
	Share string // a group name whose meaning the vendor defines; default none
}

// filledIn returns the client with its empty fields taken from the operating system, where the system has a value.
func (c Client) filledIn() Client {
	if c.Name == "" && len(os.Args) > 0 {
		c.Name = filepath.Base(os.Args[0])
	}
	if c.Host == "" {
		c.Host, _ = os.Hostname()
	}
	if c.User == "" {
		if u, err := user.Current(); err == nil {
			c.User = u.Username
		}
	}
	return c
}

// newInstance returns the client in the form that servers see, with a new random instance.
func (c Client) newInstance() transport.Client {
	client := transport.Client{Name: c.Name, User: c.User, Host: c.Host, Share: c.Share}
	_, _ = rand.Read(client.Instance[:]) // never fails
	return client
}
