package main

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/seatbeat/seatbeat/server"
)

// maxDrain is the longest --drain.
const maxDrain = time.Minute

// serveCommand is "seatbeatd serve".
type serveCommand struct {
	Listen        string        `help:"Address for clients. Port 0 picks a free port." default:"127.0.0.1:6200" placeholder:"HOST:PORT"`
	Ledger        string        `help:"File that records who holds which seats. Created if missing." type:"path" placeholder:"FILE"`
	ClientTimeout time.Duration `help:"How long a lease lasts without a heartbeat: 100ms to 24h, in whole milliseconds." default:"5m" placeholder:"DURATION"`
	Drain         time.Duration `help:"How long the server asks clients to come back later before it stops: 0s to 1m." default:"1s" placeholder:"DURATION"`

	licenseFlags
	tlsFlags
	adminServerFlags
	limitFlags
	logFlags
	devFlags
}

// Help is the long help of the command.
func (serveCommand) Help() string {
	return `The server runs until it gets SIGTERM or SIGINT. It then asks clients to come back later, finishes the calls it has begun, and exits with status 0. Leases outlive a restart.

On SIGHUP the server reloads licences and certificates and reopens the audit file. Leases are kept. A file that cannot be used is logged, and the previous licences or certificates stay in force. A licence that starts later comes into force by itself.

The log goes to standard error. When clients can connect, one line of JSON goes to standard output:

    {"ready":true,"address":"127.0.0.1:6200","admin":"127.0.0.1:6280",
     "server_id":"...","boot_id":"...","epoch":1,"pid":123}

To try it without any files (the output shows how to hold a seat):

    seatbeatd serve --dev

To serve other machines with licences and mutual TLS, preferably from a configuration file:

    seatbeatd serve --config /etc/seatbeatd/seatbeatd.yaml
    seatbeatd serve --listen :6200 --ledger /var/lib/seatbeatd/ledger \
        --license licences --trust vendor.public \
        --cert server.pem --key server.key --client-ca ca.pem

The administration address accepts connections from this machine only and requires the token in the token file. It serves the commands status, release, reload and backup, and HTTP with JSON for other programs:

    curl -H "Authorization: Bearer $(cat /var/lib/seatbeatd/admin-token)" \
        http://127.0.0.1:6280/v1/status

The requests are GET /v1/status, GET /v1/leases?feature=NAME&after=NEXT, POST /v1/release with {"lease":"..."}, POST /v1/reload with {}, and GET /v1/backup. GET /metrics needs no token. To replace the token, remove its file and restart the server.`
}

// Run serves until ctx ends, which it does at a signal that asks to stop. While the server starts, Run returns nil at once
// then: what was begun ends with the process, and the ledger survives that at any moment.
func (c serveCommand) Run(ctx context.Context, s streams) error {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	type start struct {
		daemon *daemon
		err    error
	}
	started := make(chan start, 1)
	go func() {
		d, err := c.start(ctx, s, hangups)
		started <- start{d, err}
	}()
	select {
	case <-ctx.Done():
		return nil
	case r := <-started:
		switch {
		case r.err == nil:
			return r.daemon.run(ctx)
		case ctx.Err() != nil:
			return nil
		default:
			return r.err
		}
	}
}

// start returns a server that is ready to serve.
func (c serveCommand) start(ctx context.Context, s streams, hangups <-chan os.Signal) (*daemon, error) {
	setup, err := c.setup()
	if err != nil {
		return nil, err
	}
	d := newDaemon(setup, s, hangups)
	if err := d.start(ctx); err != nil {
		d.closeFiles()
		return nil, err
	}
	return d, nil
}

// setup checks the flags and returns what they ask for.
func (c serveCommand) setup() (setup, error) {
	if err := c.checkValues(); err != nil {
		return setup{}, err
	}
	if c.Dev {
		return devSetup(c)
	}
	if c.Ledger == "" {
		return setup{}, usageErrorf("--ledger is missing: name the file that records who holds which seats, or a configuration file with --config, or try --dev, which needs no files")
	}
	source, err := c.licenses()
	if err != nil {
		return setup{}, err
	}
	if err := checkLedgerPath(c.Ledger); err != nil {
		return setup{}, err
	}
	security, err := c.loadTLS(c.Listen)
	return setup{flags: c, ledgerPath: c.Ledger, tls: security, licenses: source}, err
}

// checkValues returns an error for the first flag that is out of bounds or does not fit the others.
func (c serveCommand) checkValues() error {
	if t := c.ClientTimeout; t < server.MinClientTimeout || t > server.MaxClientTimeout || t%time.Millisecond != 0 {
		return usageErrorf("--client-timeout is %s: must be %s to %s, in whole milliseconds", t, server.MinClientTimeout, server.MaxClientTimeout)
	}
	if c.Drain < 0 || c.Drain > maxDrain {
		return usageErrorf("--drain is %s: must be 0s to %s", c.Drain, maxDrain)
	}
	if c.DevFolder != "" && !c.Dev {
		return usageErrorf("--dev-folder works only with --dev: add --dev, or remove --dev-folder")
	}
	if err := c.checkAudit(); err != nil {
		return err
	}
	if err := c.checkLimits(); err != nil {
		return err
	}
	return c.checkAdmin()
}

// checkLedgerPath returns an error for a path that cannot be that of a ledger, before the ledger itself is opened.
func checkLedgerPath(path string) error {
	if isFolder(path) {
		return usageErrorf("--ledger %s: is a folder: name a file in it", path)
	}
	if folder := filepath.Dir(path); !isFolder(folder) {
		return usageErrorf("--ledger %s: the folder %s does not exist: create it, or name a file in another folder", path, folder)
	}
	return nil
}

// isFolder reports whether a path names a folder that can be seen.
func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
