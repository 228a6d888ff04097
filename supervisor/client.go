package supervisor

import (
	"os"
	"os/user"
	"path/filepath"
)

// fillIn takes what is missing from the operating system; what it does not know stays empty.
func (c *Client) fillIn() {
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
}
