package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/seatbeat/seatbeat/server"
)

type serveCommand struct {
	Dev       bool   `help:"Serve for development: on this machine only, with a demo licence and certificates of its own." group:"development"`
	DevFolder string `help:"Folder for what --dev keeps; made if it is not there. Default: seatbeatd-dev in the user's cache folder." type:"path" placeholder:"FOLDER" group:"development"`

	Listen string `help:"Address to serve clients at. Port 0 takes a free one." default:"127.0.0.1:6200" placeholder:"HOST:PORT"`
	Ledger string `help:"File that keeps who holds which seats; made if it is not there." type:"path" placeholder:"FILE"`

	License []string `help:"Licence file, or folder of them; several add up." type:"path" placeholder:"FILE" group:"licences"`
	Trust   []string `help:"File of a vendor's public key, whose licences count; there may be several." type:"path" placeholder:"FILE" group:"licences"`

	Cert           string `help:"PEM certificate that this server proves itself with." type:"path" placeholder:"FILE" group:"security"`
	Key            string `help:"PEM key of --cert." type:"path" placeholder:"FILE" group:"security"`
	ClientCA       string `name:"client-ca" help:"PEM certificates of the authorities whose clients are served." type:"path" placeholder:"FILE" group:"security"`
	Insecure       bool   `help:"Serve without TLS, on loopback only: whoever reaches the server can use every lease." group:"security"`
	InsecureRemote bool   `help:"With --insecure, serve without TLS on other addresses, too." group:"security"`

	SourceConnections int `help:"How many connections are open from one address at a time; clients behind one NAT are one." default:"1024" placeholder:"N" group:"security"`

	Waiting       int `help:"How many checkouts of all clients wait in line for seats at a time; each keeps a call open." default:"10000" placeholder:"N" group:"security"`
	ClientWaiting int `help:"How many checkouts of one client wait in line at a time." default:"256" placeholder:"N" group:"security"`

	Admin      string `help:"Address of the administration, on loopback; off is none." default:"127.0.0.1:6280" placeholder:"HOST:PORT" group:"administration"`
	AdminToken string `help:"File of the token that opens the administration; made if it is not there. Default: admin-token beside the ledger." type:"path" placeholder:"FILE" group:"administration"`

	ClientTimeout time.Duration `help:"How long a lease lives without a heartbeat." default:"5m" placeholder:"DURATION"`
	Drain         time.Duration `help:"How long clients are told to come back later, before the server stops: 0s to 1m." default:"1s" placeholder:"DURATION"`
	LogLevel      slog.Level    `help:"Least level that is logged: debug, info, warn or error." default:"info" placeholder:"LEVEL"`
	Audit         string        `help:"File to append who was granted, denied and freed what, and why, one line of JSON each; - is standard error. SIGHUP opens it anew." type:"path" placeholder:"FILE"`
	LogFormat     string        `help:"Form of the log: text or json." enum:"text,json" default:"text" placeholder:"FORM"`
}

// Help explains the command.
func (serveCommand) Help() string {
	return `It serves until SIGTERM or SIGINT: then it asks clients to come back later, answers what was begun, and ends with status 0. At SIGHUP it reads licences and certificates anew, and no lease ends for it. A licence whose time comes later then comes into force by itself. If something is wrong with the one or the other, those before stay in force and the log says why.

The log goes to standard error. Standard output gets one line, of JSON, once clients can connect:

    {"ready":true,"address":"127.0.0.1:6200","admin":"127.0.0.1:6280","server_id":"...","boot_id":"...","epoch":1,"pid":123}

--audit FILE gets a line for each grant, denial, checkin, expiry and release, with who and why. After SIGHUP it is opened anew by its name, so that logrotate can move it away:

    seatbeatd serve --dev --audit /var/log/seatbeatd-audit.json

Try it, and see how to hold a seat:

    seatbeatd serve --dev

With licences and mutual TLS, for clients on all machines; better in a configuration file:

    seatbeatd serve --listen :6200 --ledger /var/lib/seatbeatd/ledger --license /etc/seatbeatd/licences --trust /etc/seatbeatd/vendor.public --cert /etc/seatbeatd/server.pem --key /etc/seatbeatd/server.key --client-ca /etc/seatbeatd/ca.pem
    seatbeatd serve --config /etc/seatbeatd.yaml

The administration is for this machine and for who can read the file of the token. The commands status, release, reload and backup use it; so can other programs, over HTTP with JSON:

    curl -H "Authorization: Bearer $(cat /var/lib/seatbeatd/admin-token)" http://127.0.0.1:6280/v1/status

There are GET /v1/status, GET /v1/leases?feature=NAME&after=NEXT, POST /v1/release with {"lease":"..."}, POST /v1/reload with {} and GET /v1/backup. For a new token remove its file and start the server again.`
}

// adminOff is the --admin of a server without administration.
const adminOff = "off"

// Run serves until it is told to stop.
func (c serveCommand) Run(ctx context.Context, s streams) error {
	setup, err := c.setup()
	if err != nil {
		return err
	}
	return setup.run(ctx, s)
}

// setup turns flags into what is to be served.
func (c serveCommand) setup() (setup, error) {
	if err := c.bounds(); err != nil {
		return setup{}, err
	}
	if c.DevFolder != "" && !c.Dev {
		return setup{}, wrong("--dev-folder is for --dev")
	}
	if loopback, err := isLoopback(c.Admin); c.Admin != adminOff && (err != nil || !loopback) {
		return setup{}, wrong("--admin %s: expected is an address on loopback, 127.0.0.1:PORT, or off", c.Admin)
	}
	if c.Dev {
		return c.devSetup()
	}
	switch {
	case c.Ledger == "":
		return setup{}, wrong("--ledger is missing: name the file that keeps who holds which seats; or try --dev, which needs no files")
	case len(c.License) == 0 || len(c.Trust) == 0:
		return setup{}, wrong("--license and --trust are needed, both: the vendor's licence files, and the file of its public key")
	}
	if err := usableLedger(c.Ledger); err != nil {
		return setup{}, err
	}
	security, err := c.securityOf()
	return setup{
		flags: c, path: c.Ledger, security: security, licences: licenceFiles{paths: c.License, keys: c.Trust},
	}, err
}

// securityOf returns what the flags say of TLS.
func (c serveCommand) securityOf() (*server.TLS, error) {
	files := c.Cert != "" || c.Key != "" || c.ClientCA != ""
	switch {
	case c.InsecureRemote && !c.Insecure:
		return nil, wrong("--insecure-remote is for --insecure")
	case c.Insecure && files:
		return nil, wrong("--insecure is without TLS and takes no --cert, --key or --client-ca: choose one")
	case c.Insecure:
		return nil, c.admitsInsecure()
	case c.Cert == "" || c.Key == "" || c.ClientCA == "":
		return nil, wrong("--cert, --key and --client-ca are needed, all three: the PEM files that prove who this server is, and whom it serves")
	}
	security, err := server.LoadTLS(server.TLSFiles{Cert: c.Cert, Key: c.Key, ClientCA: c.ClientCA})
	if err != nil {
		return nil, fmt.Errorf("--cert, --key and --client-ca: %w", err)
	}
	return security, nil
}
