package main

import (
	"fmt"
	"net"
	"net/http"
	"path/filepath"

	"github.com/seatbeat/seatbeat/server/admin"
)

// tokenFile is the name of the file beside the ledger that has the token, unless --admin-token says otherwise.
const tokenFile = "admin-token"

// administration is the listener for administrators. The zero value is none.
type administration struct {
	listener net.Listener
	token    admin.Token
	server   *http.Server
}

func (c serveCommand) listenAdmin(ledger string) (a administration, err error) {
	if c.Admin == adminOff {
		return a, nil
	}
	path := c.AdminToken
	if path == "" {
		path = filepath.Join(filepath.Dir(ledger), tokenFile)
	}
	if a.token, err = admin.MakeToken(path); err != nil {
		return a, fmt.Errorf("--admin-token: %w", err)
	}
	if a.listener, err = admin.Listen(c.Admin); err != nil {
		return a, cannotListen("--admin", c.Admin, err)
	}
	return a, nil
}

// serve answers administrators until close.
func (a *administration) serve(l *life) {
	if a.listener == nil {
		return
	}
	a.server = admin.New(admin.Config{
		Server: l.srv, Token: a.token, Backup: l.ledger.Backup, Reload: l.readAnew, Metrics: l.meters.handler, Logger: l.log,
	})
	go func() { _ = a.server.Serve(a.listener) }() // until close
}

func (a *administration) close() {
	switch {
	case a.server != nil:
		_ = a.server.Close()
	case a.listener != nil:
		_ = a.listener.Close()
	}
}

// address returns where administrators are answered, empty if nowhere.
func (a *administration) address() string {
	if a.listener == nil {
		return ""
	}
	return a.listener.Addr().String()
}
