package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

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
	return admin.Client{Address: f.Admin, Token: token}, err
}

type statusCommand struct {
	adminFlags
	Feature string `help:"Show holders of this feature only." placeholder:"NAME"`
	JSON    bool   `name:"json" help:"Print JSON, for programs."`
}

// Help explains the command.
func (statusCommand) Help() string {
	return `User and host are what a client says of itself; its identity is from its certificate.

    seatd status --admin-token /var/lib/seatd/admin-token
    seatd status --config /etc/seatd.yaml --feature cad --json`
}

// report is a status with its holders.
type report struct {
	admin.Status
	Holders []admin.Lease `json:"holders"`
}

// Run shows the status of a server.
func (c statusCommand) Run(ctx context.Context, s streams) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	r := report{Holders: []admin.Lease{}}
	if r.Status, err = client.Status(ctx); err != nil {
		return err
	}
	for after := uint32(0); ; {
		page, err := client.Leases(ctx, c.Feature, after)
		if err != nil {
			return err
		}
		r.Holders = append(r.Holders, page.Leases...)
		if after = page.Next; after == 0 {
			break
		}
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(r)
	}
	return r.table(s.out)
}

func (r report) table(to io.Writer) error {
	_, err := fmt.Fprintf(to, "server %s, epoch %d, up %s, %d clients, %d leases\n\n", r.ServerID, r.Epoch,
		time.Since(r.Started).Round(time.Second), r.Clients, r.Leases)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "FEATURE\tVERSION\tUSED\tSEATS\tEXPIRES") // Flush tells of errors
	for _, f := range r.Features {
		expires := "never"
		if f.Expires != nil {
			expires = f.Expires.Format(time.DateTime)
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\n", f.Name, f.Version, f.Used, f.Seats, expires)
	}
	if len(r.Holders) > 0 {
		_, _ = fmt.Fprintln(w, "\nLEASE\tFEATURE\tCOUNT\tIDENTITY\tUSER\tHOST")
	}
	for _, l := range r.Holders {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%d\t%q\t%q\t%q\n", l.Lease, l.Feature, l.Count, l.Identity, l.User, l.Host)
	}
	return w.Flush()
}

type releaseCommand struct {
	adminFlags
	Lease string `arg:"" help:"Lease to end, as status shows it."`
}

// Help explains the command.
func (releaseCommand) Help() string {
	return `Its holder is told with the next heartbeat that the lease was revoked, and cannot take the same seats back by itself.

    seatd release --admin-token /var/lib/seatd/admin-token 000000037c5a0d9e1f2b3c4d5e6f7a8b`
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

    seatd reload --admin-token /var/lib/seatd/admin-token`
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

    seatd backup --admin-token /var/lib/seatd/admin-token --out /backup/ledger-monday`
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
