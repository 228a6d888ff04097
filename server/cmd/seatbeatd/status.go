package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/seatbeat/seatbeat/server/admin"
)

type statusCommand struct {
	adminFlags
	Feature string `help:"Show holders of this feature only." placeholder:"NAME"`
	JSON    bool   `name:"json" help:"Print JSON, for programs."`
}

// Help explains the command.
func (statusCommand) Help() string {
	return `OVER is how many of the used seats are past those that there are, by an overdraft or after there were fewer; WAIT how many checkouts are in line for seats; SHARE whose leases hold one seat together. User and host are what a client says of itself; its identity is from its certificate.

    seatbeatd status --admin-token /var/lib/seatbeatd/admin-token
    seatbeatd status --config /etc/seatbeatd.yaml --feature cad --json`
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
	_, err := fmt.Fprintf(to, "server %s, epoch %d, up %s, %d clients, %d leases\n%s\n", r.ServerID, r.Epoch,
		time.Since(r.Started).Round(time.Second), r.Clients, r.Leases, r.warnings())
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "FEATURE\tVERSION\tUSED\tSEATS\tOVER\tWAIT\tSHARE\tEXPIRES") // Flush tells of errors
	for _, f := range r.Features {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%s\t%s\n", f.Name, f.Version, f.Used, f.Seats, f.Overdrawn, f.Waiting, f.Share, lasts(f))
	}
	if len(r.Holders) > 0 {
		_, _ = fmt.Fprintln(w, "\nLEASE\tFEATURE\tCOUNT\tIDENTITY\tUSER\tHOST")
	}
	for _, l := range r.Holders {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%d\t%q\t%q\t%q\n", l.Lease, l.Feature, l.Count, l.Identity, l.User, l.Host)
	}
	return w.Flush()
}

// warnings are lines about what is not as it should be, none when all is.
func (r report) warnings() (lines string) {
	if r.Draining {
		lines += "it drains: clients are asked to come back later\n"
	}
	if behind := time.Duration(r.ClockBehind * float64(time.Second)); behind >= time.Second {
		lines += fmt.Sprintf("this machine's clock is %s behind the latest time that the ledger knows of: licences are judged by that, %s\n",
			behind.Round(time.Second), r.LicenseTime.Format(time.DateTime))
	}
	return lines
}

// lasts says until when a feature can be used, or from when on.
func lasts(f admin.Feature) string {
	switch {
	case !f.Listed:
		return "no licence any more"
	case f.Starts != nil:
		return "begins " + f.Starts.Format(time.DateTime)
	case f.Expires == nil:
		return "never"
	default:
		return f.Expires.Format(time.DateTime)
	}
}
