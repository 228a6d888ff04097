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

	"github.com/seatbeat/seatbeat/server"
)

// stopTime is how long calls that were begun may take once clients were asked to come back later.
const stopTime = 10 * time.Second

// setup is what is to be served.
type setup struct {
	flags    serveCommand
	path     string      // of the ledger
	security *server.TLS // nil without TLS
	licences licences
	guide    func(to io.Writer, address, admin string) // nil, or tells people what to do next
}

// life is one life of the server in this process.
type life struct {
	setup
	log    *slog.Logger
	srv    *server.Server
	ledger *server.BoltLedger
	admin  administration
	audit  *auditFile // nil without a file
	meters metrics    // none without an administration
	ended  chan error // of Serve
	reload chan os.Signal

	reloading sync.Mutex // held while licences and certificates are read anew
}

// run serves until ctx ends or a signal asks to stop.
func (s setup) run(ctx context.Context, out streams) error {
	l := &life{setup: s, log: s.flags.logger(out.err), ended: make(chan error, 1), reload: make(chan os.Signal, 1)}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	signal.Notify(l.reload, syscall.SIGHUP)
	defer signal.Stop(l.reload)
	listener, err := net.Listen("tcp", s.flags.Listen)
	if err != nil {
		return cannotListen("--listen", s.flags.Listen, err)
	}
	if l.admin, err = s.flags.listenAdmin(s.path); err != nil {
		return errors.Join(err, listener.Close())
	}
	defer l.admin.close()
	cfg, err := l.config(out)
	defer l.closeFiles()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if l.srv, err = server.New(cfg); err != nil {
		return errors.Join(err, listener.Close())
	}
	if err := l.adopt(ctx); err != nil {
		return errors.Join(err, l.stop(), listener.Close())
	}
	go func() { l.ended <- l.srv.Serve(listener) }()
	l.admin.serve(l)
	if err := l.announce(out, listener.Addr().String()); err != nil {
		return errors.Join(err, l.stop())
	}
	return l.until(ctx, stop)
}

func (l *life) config(out streams) (cfg server.Config, err error) {
	l.ledger = server.NewBoltLedger(l.path)
	cfg = server.Config{
		Ledger:        l.ledger,
		ClientTimeout: l.flags.ClientTimeout,
		Insecure:      l.security == nil, InsecureRemote: l.flags.InsecureRemote,
		Limits: server.Limits{
			SourceConnections: l.flags.SourceConnections, Waiting: l.flags.Waiting, ClientWaiting: l.flags.ClientWaiting,
		},
		Logger: l.log,
	}
	if l.security != nil {
		cfg.TLS = l.security.Config()
	}
	if l.admin.listener != nil {
		if l.meters, err = newMetrics(); err != nil {
			return cfg, err
		}
		cfg.MeterProvider = l.meters.provider
	}
	cfg.Audit, l.audit, err = l.flags.auditLog(out.err)
	return cfg, err
}

// closeFiles closes what config opened, once the server has stopped.
func (l *life) closeFiles() {
	l.meters.close()
	l.audit.close()
}

// ready is what standard output is told once clients can connect.
type ready struct {
	Ready    bool   `json:"ready"`
	Address  string `json:"address"`
	Admin    string `json:"admin,omitempty"`
	ServerID string `json:"server_id"`
	BootID   string `json:"boot_id"`
	Epoch    uint64 `json:"epoch"`
	PID      int    `json:"pid"`
}

func (l *life) announce(out streams, address string) error {
	if l.guide != nil {
		l.guide(out.err, address, l.admin.address())
	}
	id := l.srv.Identity()
	err := json.NewEncoder(out.out).Encode(ready{
		Ready: true, Address: address, Admin: l.admin.address(), ServerID: id.ServerID, BootID: id.BootID, Epoch: id.Epoch, PID: os.Getpid(),
	})
	if err != nil {
		return fmt.Errorf("tell that the server is ready: %w", err)
	}
	return nil
}

// until serves until ctx ends. From then on a second signal ends the process at once.
func (l *life) until(ctx context.Context, stop func()) error {
	for {
		select {
		case <-l.reload:
			_ = l.readAnew(ctx) // the log has it
		case err := <-l.ended: // the ledger failed
			return errors.Join(err, l.stop())
		case <-ctx.Done():
			stop()
			l.drain()
			return errors.Join(l.stop(), <-l.ended)
		}
	}
}

// readAnew reads again what can change while the server serves: licences and certificates, each for itself. It returns
// why the one or the other stays as it was. One reload at a time: of two, what was read last stays.
func (l *life) readAnew(ctx context.Context) error {
	l.reloading.Lock()
	defer l.reloading.Unlock()
	licences := l.adopt(ctx)
	if licences != nil {
		l.log.Error("licences not reloaded: those before stay in force", "error", licences)
	} else {
		l.log.Info("licences reloaded")
	}
	audit := l.audit.reopen()
	if audit != nil {
		l.log.Error("audit not opened anew: it goes on in the file before", "error", audit)
	}
	if l.security == nil {
		return errors.Join(licences, audit)
	}
	certificates := l.security.Reload()
	if certificates != nil {
		l.log.Error("certificates not reloaded: those before stay in use", "error", certificates)
	} else {
		l.log.Info("certificates reloaded", "expires", l.security.Expires())
	}
	return errors.Join(licences, audit, certificates)
}

// drain asks clients to come back later, for long enough that those who are busy hear it.
func (l *life) drain() {
	l.log.Info("server drains", "for", l.flags.Drain)
	l.srv.Drain()
	select {
	case <-time.After(l.flags.Drain):
	case err := <-l.ended: // there is nobody left to tell
		l.ended <- err
	}
}

func (l *life) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	return l.srv.Stop(ctx)
}

func (c serveCommand) logger(to io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(to, options))
	}
	return slog.New(slog.NewTextHandler(to, options))
}
