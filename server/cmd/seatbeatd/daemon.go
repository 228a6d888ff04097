package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/seatbeat/seatbeat/internal/logqueue"
	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/server/admin"
	"github.com/seatbeat/seatbeat/server/ledger/bolt"
)

const (
	// stopTimeout is how long calls in progress may take after the drain. Connections are cut afterwards.
	stopTimeout = 2 * time.Second
	// endTimeout is how long the end may take after the drain, whatever hangs. Printing the last lines comes on top.
	endTimeout = 4500 * time.Millisecond
)

// setup is what the flags of "seatbeatd serve" ask for.
type setup struct {
	flags      serveCommand
	ledgerPath string
	tls        *server.TLS // nil without TLS
	licenses   licenseSource
	printGuide func(to io.Writer, address, admin string) // shows people what to do next; may be nil
}

// daemon runs the licence server in this process, from its start to its stop.
type daemon struct {
	setup
	out     streams
	log     *slog.Logger
	logs    *logqueue.Queue // in front of standard error
	ledger  *bolt.Ledger
	server  *server.Server
	admin   adminServer
	audit   *auditFile       // nil if the audit goes to no file
	metrics metrics          // the zero value without administration
	served  chan error       // what server.Serve returned
	hangups <-chan os.Signal // SIGHUP

	listener net.Listener // for clients

	reloading sync.Mutex // held during a reload
}

func newDaemon(s setup, out streams, hangups <-chan os.Signal) *daemon {
	logs, log := logqueue.New(s.flags.logger(out.err).Handler())
	return &daemon{
		setup: s, out: out, log: log, logs: logs, ledger: bolt.New(s.ledgerPath), served: make(chan error, 1), hangups: hangups,
	}
}

// run serves until ctx ends. From then on SIGTERM and SIGINT end the process at once.
func (d *daemon) run(ctx context.Context) error {
	go func() { d.served <- d.server.Serve(d.listener) }()
	d.admin.serve(admin.Config{
		Server: d.server, Backup: d.ledger.Backup, Reload: d.reload, Metrics: d.metrics.handler, Logger: d.log,
	})
	if d.printGuide != nil {
		_ = within(printTimeout, func() error {
			d.printGuide(d.out.err, d.listener.Addr().String(), d.admin.address())
			return nil
		})
	}
	if err := within(printTimeout, d.printReady); err != nil {
		d.log.Warn("the ready line was not printed", "error", err)
	}
	err := d.serve(ctx)
	d.logs.Close(printTimeout)
	return err
}

// start listens, and opens the administration, the audit, the ledger and the licences. After an error the server is
// stopped.
func (d *daemon) start(ctx context.Context) (err error) {
	if d.listener, err = net.Listen("tcp", d.flags.Listen); err != nil {
		return listenError("--listen", d.flags.Listen, err)
	}
	if d.admin, err = d.flags.listenAdmin(d.ledgerPath); err != nil {
		return err
	}
	cfg, err := d.config()
	if err != nil {
		return err
	}
	if d.server, err = server.New(cfg); err != nil {
		return err
	}
	if err := d.applyLicenses(ctx); err != nil {
		return errors.Join(err, d.stop())
	}
	return nil
}

// config returns the configuration of the server, and opens the metrics and the audit file for it.
func (d *daemon) config() (cfg server.Config, err error) {
	cfg = server.Config{
		Ledger:        d.ledger,
		ClientTimeout: d.flags.ClientTimeout,
		Insecure:      d.tls == nil, InsecureRemote: d.flags.InsecureRemote,
		Limits: d.flags.limits(),
		Logger: d.log, AuditRequired: d.flags.AuditRequired,
	}
	if d.tls != nil {
		cfg.TLS = d.tls.Config()
	}
	if d.admin.enabled() {
		if d.metrics, err = newMetrics(); err != nil {
			return cfg, err
		}
		cfg.MeterProvider = d.metrics.provider
	}
	cfg.Audit, d.audit, err = d.flags.auditLog(d.out.err)
	return cfg, err
}

// closeFiles closes what start and config opened, after a start that failed.
func (d *daemon) closeFiles() {
	if d.listener != nil {
		_ = d.listener.Close()
	}
	d.admin.close()
	d.metrics.close()
	d.audit.close()
	d.logs.Close(printTimeout)
}

// applyLicenses loads the licences and makes their features those of the server. After an error nothing has changed.
func (d *daemon) applyLicenses(ctx context.Context) error {
	features, err := d.licenses.load(d.server, d.log)
	if err != nil {
		return err
	}
	return d.server.SetFeatures(ctx, features)
}

// ready is the line on standard output that says that clients can connect.
type ready struct {
	Ready    bool   `json:"ready"`
	Address  string `json:"address"`
	Admin    string `json:"admin,omitempty"`
	ServerID string `json:"server_id"`
	BootID   string `json:"boot_id"`
	Epoch    uint64 `json:"epoch"`
	PID      int    `json:"pid"`
}

// printReady prints the ready line.
func (d *daemon) printReady() error {
	address := d.listener.Addr().String()
	id := d.server.Identity()
	err := json.NewEncoder(d.out.out).Encode(ready{
		Ready: true, Address: address, Admin: d.admin.address(), ServerID: id.ServerID, BootID: id.BootID, Epoch: id.Epoch, PID: os.Getpid(),
	})
	if err != nil {
		return fmt.Errorf("print the ready line: %w", err)
	}
	return nil
}

// serve answers signals until ctx ends or the server fails, and then ends the server.
func (d *daemon) serve(ctx context.Context) error {
	for {
		select {
		case <-d.hangups:
			_ = d.reload(ctx) // it logs its errors
		case err := <-d.served: // the ledger failed
			d.served <- err
			return d.end()
		case <-ctx.Done():
			signal.Reset(os.Interrupt, syscall.SIGTERM) // the next one has its default effect
			d.drain()
			return d.end()
		}
	}
}

// reload reads licences and certificates again and reopens the audit file. Each of the three is independent: one that
// fails stays as it was, and its error is logged and returned. Concurrent reloads run one after the other.
func (d *daemon) reload(ctx context.Context) error {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	return errors.Join(d.reloadLicenses(ctx), d.reopenAudit(), d.reloadCertificates())
}

func (d *daemon) reloadLicenses(ctx context.Context) error {
	err := d.applyLicenses(ctx)
	if err != nil {
		d.log.Error("licences not reloaded: the previous ones stay in force", "error", err)
	} else {
		d.log.Info("licences reloaded")
	}
	return err
}

func (d *daemon) reopenAudit() error {
	err := d.audit.reopen()
	if err != nil {
		d.log.Error("audit file not reopened: records go to the previous file", "error", err)
	}
	return err
}

func (d *daemon) reloadCertificates() error {
	if d.tls == nil {
		return nil
	}
	err := d.tls.Reload()
	if err != nil {
		d.log.Error("certificates not reloaded: the previous ones stay in use", "error", err)
	} else {
		d.log.Info("certificates reloaded", "expires", d.tls.Expires())
	}
	return err
}

// drain makes the server ask clients to come back later, for as long as --drain says.
func (d *daemon) drain() {
	d.log.Info("server asks clients to come back later", "for", d.flags.Drain)
	d.server.Drain()
	select {
	case <-time.After(d.flags.Drain):
	case err := <-d.served: // the ledger failed, so there is nobody left to ask
		d.served <- err
	}
}

// end ends everything within endTimeout, whatever hangs. The administration goes first: a backup ends with it.
func (d *daemon) end() error {
	err := within(endTimeout, func() error {
		d.admin.close()
		err := errors.Join(d.stop(), <-d.served)
		d.metrics.close()
		d.audit.close()
		return err
	})
	if errors.Is(err, errHangs) {
		return fmt.Errorf("end the server: %w", err)
	}
	return err
}

// stop ends the server within stopTimeout and what [server.Server.Stop] adds to it.
func (d *daemon) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	return d.server.Stop(ctx)
}
