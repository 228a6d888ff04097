package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server"
)

// devFlags choose a server for development, which needs no files.
type devFlags struct {
	Dev       bool   `help:"Serve for development: on this machine only, with a demo licence and self-made certificates." group:"development"`
	DevFolder string `help:"Folder for the ledger and the certificates of --dev. Created if missing. Default: seatbeatd-dev in the user's cache folder." type:"path" placeholder:"FOLDER" group:"development"`
}

// makeFolder returns the folder of the flags. A new folder is readable by its owner only.
func (f devFlags) makeFolder() (string, error) {
	folder := f.DevFolder
	if folder == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", usageErrorf("no folder for --dev: %v: name one with --dev-folder", err)
		}
		folder = filepath.Join(cache, programName+"-dev")
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("create the folder of --dev: %w: name another one with --dev-folder", err)
	}
	return folder, nil
}

// devLicense is the demo licence.
var devLicense = fixedLicense{
	{Name: "f1", Version: messages.V(9, 9), Seats: 5},
	{Name: "f2", Version: messages.V(9, 9), Seats: 100},
	{Name: "cad", Version: messages.V(2, 1), Seats: 5}, // for examples/embed
}

// devSetup returns a server for development. Its ledger and certificates are made in a folder and found there the next
// time.
func devSetup(c serveCommand) (setup, error) {
	if c.Ledger != "" || len(c.License) > 0 || len(c.Trust) > 0 || c.namesFiles() || c.Insecure {
		return setup{}, usageErrorf("--dev makes its own ledger, licence and certificates: remove --ledger, --license, --trust, --cert, --key, --client-ca and --insecure")
	}
	loopback, err := isLoopback(c.Listen)
	if err != nil {
		return setup{}, usageErrorf("--listen %v", err)
	}
	if !loopback {
		return setup{}, usageErrorf("--listen %s: --dev serves this machine only: use 127.0.0.1:PORT", c.Listen)
	}
	folder, err := c.makeFolder()
	if err != nil {
		return setup{}, err
	}
	if err := makeDevCertificates(folder); err != nil {
		return setup{}, err
	}
	security, err := server.LoadTLS(server.TLSFiles{
		Cert: filepath.Join(folder, serverCert), Key: filepath.Join(folder, serverKey), ClientCA: filepath.Join(folder, authorityCert),
	})
	return setup{
		flags: c, ledgerPath: filepath.Join(folder, "ledger"), tls: security, licenses: devLicense,
		printGuide: func(to io.Writer, address, admin string) { printDevGuide(to, address, admin, folder) },
	}, err
}

// printDevGuide shows what a server for development offers and what to try next.
func printDevGuide(to io.Writer, address, admin, folder string) {
	path := func(name string) string { return filepath.Join(folder, name) }
	_, _ = fmt.Fprintf(to, `
This server is for DEVELOPMENT. It has a demo licence. Anybody who can read the folder below can connect as a client.

  serves       %[1]s, on this machine only
  features     f1 9.9 with 5 seats, f2 9.9 with 100 seats, cad 2.1 with 5 seats
  folder       %[6]s
  ledger       %[2]s
  for clients  %[3]s
               %[4]s
               %[5]s

Hold a seat, in another terminal in a clone of seatbeat:

  go run ./examples/quickstart -servers %[1]s -feature f1:9.9:1 -ca %[3]s -cert %[4]s -key %[5]s

`, address, path("ledger"), path(authorityCert), path(clientCert), path(clientKey), folder)
	if admin != "" {
		_, _ = fmt.Fprintf(to, "See who holds which seats:\n\n  go run ./server/cmd/seatbeatd status --admin %s --admin-token %s\n\n", admin, path(tokenFile))
	}
}
