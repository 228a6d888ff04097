package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/seatbeat/seatbeat/server/admin"
)

// statusCommand is "seatbeatd status".
type statusCommand struct {
	adminFlags
	Feature string `help:"List only the leases of this feature." placeholder:"NAME"`
	JSON    bool   `name:"json" help:"Print JSON."`
}

// Help is the long help of the command.
func (statusCommand) Help() string {
	return `For each feature: USED seats of SEATS. OVER counts the used seats beyond the licence, from an overdraft or because a licence shrank or expired. WAIT counts the checkouts that wait for a seat. SHARE says which leases use one seat together: none, or those of the same user, of the same host, or with the same share string (share), which the client chooses.

For each lease: IDENTITY is proven by the client's certificate. USER and HOST are what the client says about itself.

    seatbeatd status --admin-token /var/lib/seatbeatd/admin-token
    seatbeatd status --config /etc/seatbeatd/seatbeatd.yaml --feature cad --json`
}

// Run prints the status of the server.
func (c statusCommand) Run(ctx context.Context, s streams) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	report, err := fetchReport(ctx, client, c.Feature)
	if err != nil {
		return err
	}
	if c.Feature != "" && !slices.ContainsFunc(report.Features, func(f admin.Feature) bool { return f.Name == c.Feature }) {
		_, _ = fmt.Fprintf(s.err, "%s: warning: --feature %s: the server has no such feature\n", programName, c.Feature)
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(report)
	}
	return report.print(s.out)
}

// statusReport is the status of a server together with its leases.
type statusReport struct {
	admin.Status
	Holders []admin.Lease `json:"holders"`
}

// fetchReport asks a server for its status and all its leases, or those of one feature if it is not empty.
func fetchReport(ctx context.Context, client admin.Client, feature string) (statusReport, error) {
	status, err := client.Status(ctx)
	if err != nil {
		return statusReport{}, err
	}
	leases := []admin.Lease{}
	for after := uint32(0); ; {
		page, err := client.Leases(ctx, feature, after)
		if err != nil {
			return statusReport{}, err
		}
		leases = append(leases, page.Leases...)
		if after = page.Next; after == 0 {
			return statusReport{Status: status, Holders: leases}, nil
		}
	}
}

// print prints the report for people.
func (r statusReport) print(to io.Writer) error {
	_, err := fmt.Fprintf(to, "server %s, epoch %d, up %s, clients %d, leases %d\n%s\n", r.ServerID, r.Epoch,
		time.Since(r.Started).Round(time.Second), r.Clients, r.Leases, r.warnings())
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "FEATURE\tVERSION\tUSED\tSEATS\tOVER\tWAIT\tSHARE\tEXPIRES") // Flush returns the errors of w
	for _, f := range r.Features {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%s\t%s\n", f.Name, f.Version, f.Used, f.Seats, f.Overdrawn, f.Waiting, f.Share, expiry(f))
	}
	if len(r.Holders) > 0 {
		_, _ = fmt.Fprintln(w, "\nLEASE\tFEATURE\tCOUNT\tIDENTITY\tUSER\tHOST")
	}
	for _, l := range r.Holders {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%d\t%q\t%q\t%q\n", l.Lease, l.Feature, l.Count, l.Identity, l.User, l.Host)
	}
	return w.Flush()
}

// warnings returns one line for each condition that needs attention.
func (r statusReport) warnings() (lines string) {
	if r.Draining {
		lines += "the server is draining: it asks clients to come back later\n"
	}
	if behind := time.Duration(r.ClockBehind * float64(time.Second)); behind >= time.Second {
		lines += fmt.Sprintf("the clock of this machine is %s behind the latest time in the ledger: licences are judged by that time, %s\n",
			behind.Round(time.Second), r.LicenseTime.Format(time.DateTime))
	}
	return lines
}

// expiry returns when the licence of a feature expires, or starts if it has not started yet.
func expiry(f admin.Feature) string {
	switch {
	case !f.Listed:
		return "no longer licensed"
	case f.Starts != nil:
		return "starts " + f.Starts.Format(time.DateTime)
	case f.Expires == nil:
		return "never"
	default:
		return f.Expires.Format(time.DateTime)
	}
}
