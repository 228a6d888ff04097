package main

import (
	"fmt"
	"net"
	"net/http"
	"path/filepath"

	"github.com/seatbeat/seatbeat/server/admin"
)

// tokenFile is the name of the token file beside the ledger. The flag --admin-token names another one.
const tokenFile = "admin-token"

// adminOff is the value of --admin that turns the administration off.
const adminOff = "off"

// adminServerFlags say where the server answers administrators.
type adminServerFlags struct {
	Admin      string `help:"Address for administration and metrics, on loopback, or off." default:"127.0.0.1:6280" placeholder:"HOST:PORT" group:"admin"`
	AdminToken string `help:"File of the token that administrators need. Created if missing. Default: admin-token beside the ledger." type:"path" placeholder:"FILE" group:"admin"`
}

// checkAdmin returns an error for an address that is not on loopback.
func (f adminServerFlags) checkAdmin() error {
	if f.Admin == adminOff {
		return nil
	}
	if loopback, err := isLoopback(f.Admin); err != nil || !loopback {
		return usageErrorf("--admin %s: must be 127.0.0.1:PORT or another loopback address, or off", f.Admin)
	}
	return nil
}

// listenAdmin listens for administrators and makes the token file beside the ledger if there is none. The result is the
// zero value if the administration is off.
func (f adminServerFlags) listenAdmin(ledgerPath string) (a adminServer, err error) {
	if f.Admin == adminOff {
		return a, nil
	}
	path := f.AdminToken
	if path == "" {
		path = filepath.Join(filepath.Dir(ledgerPath), tokenFile)
	}
	token, err := admin.MakeToken(path)
	if err != nil {
		return a, fmt.Errorf("--admin-token: %w", err)
	}
	listener, err := admin.Listen(f.Admin)
	if err != nil {
		return a, listenError("--admin", f.Admin, err)
	}
	return adminServer{listener: listener, token: token}, nil
}

// adminServer answers administrators. The zero value answers nobody.
type adminServer struct {
	listener net.Listener
	token    admin.Token
	http     *http.Server // nil until serve
}

// enabled reports whether there is an administration.
func (a *adminServer) enabled() bool { return a.listener != nil }

// address returns the address for administrators, empty if there is none.
func (a *adminServer) address() string {
	if !a.enabled() {
		return ""
	}
	return a.listener.Addr().String()
}

// serve answers administrators until close. It does not block. The token in cfg is that of the token file.
func (a *adminServer) serve(cfg admin.Config) {
	if !a.enabled() {
		return
	}
	cfg.Token = a.token
	a.http = admin.New(cfg)
	go func() { _ = a.http.Serve(a.listener) }() // ends with close
}

// close stops answering administrators.
func (a *adminServer) close() {
	switch {
	case a.http != nil:
		_ = a.http.Close()
	case a.enabled():
		_ = a.listener.Close()
	}
}
