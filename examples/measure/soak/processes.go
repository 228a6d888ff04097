//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/seatbeat/seatbeat/examples/internal/devcert"
	"github.com/seatbeat/seatbeat/examples/measure/internal/role"
	"github.com/seatbeat/seatbeat/server"
)

// processes are the licence server, its clients, and the folder of their files.
type processes struct {
	options options
	setup   serverSetup
	server  *role.Process // the current or the last one
	clients []*role.Process
}

// newProcesses makes a folder with certificates, and starts nothing. Call remove in the end.
func newProcesses(o options) (*processes, error) {
	folder, err := os.MkdirTemp("", "seatbeat-soak-")
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err = errors.Join(err, devcert.Write(folder)); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	setup := serverSetup{folder, filepath.Join(folder, "ledger"), address, o.features, o.clientTimeout}
	return &processes{options: o, setup: setup}, nil
}

// freeAddress returns an address on loopback that nobody uses. The server keeps it when it restarts.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// startServer starts the server with the ledger that it had before.
func (p *processes) startServer(ctx context.Context) error {
	server, err := role.Start(ctx, roleServer, p.setup)
	if err == nil {
		p.server = server
	}
	return err
}

// startClients starts the clients, among which the features are divided.
func (p *processes) startClients(ctx context.Context) error {
	o := p.options
	for i := range o.clients {
		share := o.features*(i+1)/o.clients - o.features*i/o.clients
		client, err := role.Start(ctx, roleClient, clientSetup{p.setup.Folder, p.setup.Address, share, o.clientTimeout / 3})
		if err != nil {
			return err
		}
		p.clients = append(p.clients, client)
	}
	return nil
}

// askServer returns the report of the server, which must not be paused.
func (p *processes) askServer() (r serverReport, err error) {
	err = p.server.Ask(doReport, &r)
	return r, err
}

// askClients sends an order to every client, and returns their reports.
func (p *processes) askClients(order string) ([]clientReport, error) {
	reports := make([]clientReport, len(p.clients))
	for i, c := range p.clients {
		if err := c.Ask(order, &reports[i]); err != nil {
			return nil, fmt.Errorf("client %d: %w", i, err)
		}
	}
	return reports, nil
}

// leasesInLedger returns how many leases the ledger holds. The server must not be running.
func (p *processes) leasesInLedger() (int, error) {
	report, err := server.CheckBoltLedger(p.setup.Ledger)
	return report.Leases, err
}

// endAll lets all processes end.
func (p *processes) endAll() (err error) {
	for _, c := range p.clients {
		err = errors.Join(err, c.End())
	}
	return errors.Join(err, p.server.End())
}

// kill kills the processes that still run, and waits for their end.
func (p *processes) kill() {
	for _, process := range append(p.clients, p.server) {
		if process != nil {
			process.Kill()
		}
	}
}

// remove removes the folder.
func (p *processes) remove() error { return os.RemoveAll(p.setup.Folder) }
