package main

import (
	"fmt"

	"github.com/seatbeat/seatbeat/server"
)

// checkCommand is "seatbeatd check".
type checkCommand struct {
	Ledger string `help:"Ledger to check." type:"path" placeholder:"FILE"`
}

// Help is the long help of the command.
func (checkCommand) Help() string {
	return `Reads the whole ledger, as a starting server does, and changes nothing. A ledger cannot be checked while a server uses it. Check a backup instead.

    seatbeatd check --ledger /var/lib/seatbeatd/ledger
    seatbeatd backup --out copy && seatbeatd check --ledger copy`
}

// Run checks the ledger and prints what it contains.
func (c checkCommand) Run(s streams) error {
	if c.Ledger == "" {
		return usageErrorf("--ledger is missing: name the ledger to check")
	}
	report, err := server.CheckBoltLedger(c.Ledger)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "ledger %s is in order\nserver %s, epoch %d\n%d leases held, %d ended ones remembered, %d records\n",
		c.Ledger, report.ServerID, report.Epoch, report.Leases, report.Ended, report.Records)
	return err
}
