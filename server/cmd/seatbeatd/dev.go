package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server"
)

// devLicence is the demo licence.
var devLicence = fixedLicence{
	{Name: "f1", Version: messages.V(9, 9), Seats: 5},
	{Name: "f2", Version: messages.V(9, 9), Seats: 100},
}

// devSetup is a server that needs no file: it makes what it needs in a folder, and finds it there the next time.
func (c serveCommand) devSetup() (setup, error) {
	if c.Ledger != "" || len(c.License) > 0 || len(c.Trust) > 0 || c.Cert != "" || c.Key != "" || c.ClientCA != "" || c.Insecure {
		return setup{}, wrong("--dev makes its own ledger, licence and certificates: leave out --ledger, --license, --trust, --cert, --key, --client-ca and --insecure")
	}
	loopback, err := isLoopback(c.Listen)
	if err != nil {
		return setup{}, wrong("--listen %v", err)
	}
	if !loopback {
		return setup{}, wrong("--listen %s: --dev serves this machine only; expected is 127.0.0.1:PORT", c.Listen)
	}
	folder, err := c.devFolder()
	if err != nil {
		return setup{}, err
	}
	if err := makeCertificates(folder); err != nil {
		return setup{}, err
	}
	security, err := server.LoadTLS(server.TLSFiles{
		Cert: filepath.Join(folder, serverCert), Key: filepath.Join(folder, serverKey), ClientCA: filepath.Join(folder, authorityCert),
	})
	return setup{
		flags: c, path: filepath.Join(folder, "ledger"), security: security, licences: devLicence,
		guide: func(to io.Writer, address, admin string) { devGuide(to, address, admin, folder) },
	}, err
}

// devFolder returns a folder that is there, and that others cannot look into when it is new.
func (c serveCommand) devFolder() (string, error) {
	folder := c.DevFolder
	if folder == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", wrong("no folder for --dev: %v; name one with --dev-folder", err)
		}
		folder = filepath.Join(cache, "seatbeatd-dev")
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("make folder for --dev: %w; name another one with --dev-folder", err)
	}
	return folder, nil
}

// devGuide says what there is and what to do with it.
func devGuide(to io.Writer, address, admin, folder string) {
	_, _ = fmt.Fprintf(to, `
This server is for DEVELOPMENT: its licence is a demo, and whoever can read its folder is a client.

  serves       %[1]s, on this machine only
  features     f1 9.9 with 5 seats, f2 9.9 with 100 seats
  ledger       %[2]s
  for clients  %[3]s
               %[4]s
               %[5]s

Hold a seat, in another terminal in a clone of seatbeat:

  go run ./examples/quickstart -servers %[1]s -feature f1:9.9:1 -ca %[3]s -cert %[4]s -key %[5]s

See who holds what:

  seatbeatd status --admin %[6]s --admin-token %[7]s

`, address, filepath.Join(folder, "ledger"), filepath.Join(folder, authorityCert), filepath.Join(folder, clientCert),
		filepath.Join(folder, clientKey), admin, filepath.Join(folder, tokenFile))
}
