package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/server/admin"
)

// adminFlags say which server is meant.
type adminFlags struct {
	Admin      string `help:"Address of the server's administration." default:"127.0.0.1:6280" placeholder:"HOST:PORT"`
	AdminToken string `help:"File of the token; the server makes it beside its ledger." type:"path" placeholder:"FILE"`
}

func (f adminFlags) client() (admin.Client, error) {
	if f.AdminToken == "" {
		return admin.Client{}, wrong("--admin-token is missing: name the file that the server has made, admin-token beside its ledger")
	}
	if loopback, err := isLoopback(f.Admin); err != nil || !loopback {
		return admin.Client{}, wrong("--admin %s: expected is an address on loopback, 127.0.0.1:PORT", f.Admin)
	}
	token, err := admin.ReadToken(f.AdminToken)
	if err != nil {
		return admin.Client{}, fmt.Errorf("--admin-token: %w", err)
	}
	return admin.Client{Address: f.Admin, Token: token}, nil
}

type releaseCommand struct {
	adminFlags
	Lease string `arg:"" help:"Lease to end, as status shows it."`
}

// Help explains the command.
func (releaseCommand) Help() string {
	return `Its holder is told with the next heartbeat that the lease was revoked, and cannot take the same seats back by itself.

    seatbeatd release --admin-token /var/lib/seatbeatd/admin-token 000000037c5a0d9e1f2b3c4d5e6f7a8b`
}

// Run ends a lease.
func (c releaseCommand) Run(ctx context.Context) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	return client.Release(ctx, c.Lease)
}

type reloadCommand struct{ adminFlags }

// Help explains the command.
func (reloadCommand) Help() string {
	return `It does what SIGHUP does, and says what was refused.

    seatbeatd reload --admin-token /var/lib/seatbeatd/admin-token`
}

// Run has a server reload.
func (c reloadCommand) Run(ctx context.Context) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	return client.Reload(ctx)
}

type backupCommand struct {
	adminFlags
	Out string `help:"File to write; it must not be there." type:"path" placeholder:"FILE" required:""`
}

// Help explains the command.
func (backupCommand) Help() string {
	return `The copy is the ledger as it was at one moment; the server serves on. It is checked before it gets its name. A copy is for the loss of the original, not for a second server.

    seatbeatd backup --admin-token /var/lib/seatbeatd/admin-token --out /backup/ledger-monday`
}

// Run writes a backup.
func (c backupCommand) Run(ctx context.Context) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	part := c.Out + ".part"
	file, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
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
	if err := os.Link(part, c.Out); err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	return nil
}
