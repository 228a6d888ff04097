package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/server/admin"
)

// adminFlags say which running server a command administers.
type adminFlags struct {
	Admin      string `help:"Administration address of the server." default:"127.0.0.1:6280" placeholder:"HOST:PORT"`
	AdminToken string `help:"Token file of the server. The server creates it beside its ledger, as admin-token." type:"path" placeholder:"FILE"`
}

// client returns a client of the server.
func (f adminFlags) client() (admin.Client, error) {
	if f.AdminToken == "" {
		return admin.Client{}, usageErrorf("--admin-token is missing: name the token file of the server, which is admin-token beside its ledger")
	}
	if loopback, err := isLoopback(f.Admin); err != nil || !loopback {
		return admin.Client{}, usageErrorf("--admin %s: must be 127.0.0.1:PORT or another loopback address", f.Admin)
	}
	token, err := admin.ReadToken(f.AdminToken)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return admin.Client{}, fmt.Errorf("--admin-token: %w: a server creates its token file when it starts, as admin-token beside its ledger", err)
	case errors.Is(err, fs.ErrPermission):
		return admin.Client{}, fmt.Errorf("--admin-token: %w: run the command as the user that runs the server", err)
	case err != nil:
		return admin.Client{}, fmt.Errorf("--admin-token: %w", err)
	}
	return admin.Client{Address: f.Admin, Token: token}, nil
}

// releaseCommand is "seatbeatd release".
type releaseCommand struct {
	adminFlags
	Lease string `arg:"" help:"Lease to revoke, from the LEASE column of seatbeatd status."`
}

// Help is the long help of the command.
func (releaseCommand) Help() string {
	return `The seats are free at once. The client learns with its next heartbeat that the lease was revoked. The client does not take the seats again by itself.

    seatbeatd release --config /etc/seatbeatd/seatbeatd.yaml 000000037c5a0d9e1f2b3c4d5e6f7a8b`
}

// Run revokes the lease.
func (c releaseCommand) Run(ctx context.Context) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	return client.Release(ctx, c.Lease)
}

// reloadCommand is "seatbeatd reload".
type reloadCommand struct{ adminFlags }

// Help is the long help of the command.
func (reloadCommand) Help() string {
	return `Does the same as SIGHUP: the server reloads licences and certificates and reopens its audit file. Leases are kept. If a file cannot be used, the command prints why and fails, and the previous licences or certificates stay in force.

    seatbeatd reload --config /etc/seatbeatd/seatbeatd.yaml`
}

// Run makes the server reload.
func (c reloadCommand) Run(ctx context.Context) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	return client.Reload(ctx)
}

// backupCommand is "seatbeatd backup".
type backupCommand struct {
	adminFlags
	Out string `help:"File to write. It must not exist." type:"path" placeholder:"FILE" required:""`
}

// Help is the long help of the command.
func (backupCommand) Help() string {
	return `The copy shows the ledger at one moment. The server keeps serving. The copy is checked like seatbeatd check does, and only then gets the name of --out.

A copy replaces a lost ledger. Never run a second server on it while the first one runs: both would issue the same seats.

    seatbeatd backup --config /etc/seatbeatd/seatbeatd.yaml --out /backup/ledger-monday`
}

// Run writes a checked copy of the ledger. Nothing is left behind after an error.
func (c backupCommand) Run(ctx context.Context) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	if _, err := os.Lstat(c.Out); err == nil {
		return fmt.Errorf("write backup: %s already exists and is not overwritten: name another file", c.Out)
	}
	part := c.Out + ".part"
	file, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("write backup: %s already exists: another backup is in progress, or one was killed: in that case remove the file", part)
	}
	if err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	defer func() { _ = os.Remove(part) }()
	if err := errors.Join(client.Backup(ctx, file), file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	if _, err := server.CheckBoltLedger(part); err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	if err := os.Link(part, c.Out); err != nil { // and not Rename, which would overwrite
		return fmt.Errorf("write backup: %w", err)
	}
	return nil
}
