package main

import (
	"errors"
	"fmt"

	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/server/ledger/bolt"
)

// checkCommand is "seatbeatd check".
type checkCommand struct {
	Ledger string `help:"Ledger to check." type:"path" placeholder:"FILE"`
}

// Help is the long help of the command.
func (checkCommand) Help() string {
	return `Reads the whole ledger, as a starting server does, and changes nothing. A ledger cannot be checked while a server uses it. Check a backup instead.

    seatbeatd check --ledger /var/lib/seatbeatd/ledger
    seatbeatd backup --config /etc/seatbeatd/seatbeatd.yaml --out copy
    seatbeatd check --ledger copy`
}

// Run checks the ledger and prints what it contains.
func (c checkCommand) Run(s streams) error {
	if c.Ledger == "" {
		return usageErrorf("--ledger is missing: name the ledger to check")
	}
	if isFolder(c.Ledger) {
		return usageErrorf("--ledger %s: is a folder: name a file in it", c.Ledger)
	}
	report, err := server.CheckBoltLedger(c.Ledger)
	if _, inUse := errors.AsType[*bolt.InUseError](err); inUse {
		return fmt.Errorf("%w: check a backup instead", err)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "ledger %s is in order\nserver %s, epoch %d\n%d leases held, %d ended ones remembered, %d records\n",
		c.Ledger, report.ServerID, report.Epoch, report.Leases, report.Ended, report.Records)
	return err
}
