package main

import (
	"fmt"

	"github.com/seatbeat/seatbeat/server"
)

type checkCommand struct {
	Ledger string `help:"Ledger to check." type:"path" placeholder:"FILE"`
}

// Help explains the command.
func (checkCommand) Help() string {
	return `It reads the whole ledger as the start of a server does, and changes nothing. A ledger that is in use cannot be checked: check a backup of it.

    seatbeatd check --ledger /var/lib/seatbeatd/ledger
    seatbeatd backup --out copy && seatbeatd check --ledger copy`
}

// Run checks a ledger.
func (c checkCommand) Run(s streams) error {
	if c.Ledger == "" {
		return wrong("--ledger is missing: name the file to check")
	}
	report, err := server.CheckBoltLedger(c.Ledger)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "ledger %s is in order\nserver %s, epoch %d\n%d leases held, %d ended ones remembered, %d records\n",
		c.Ledger, report.ServerID, report.Epoch, report.Leases, report.Ended, report.Records)
	return err
}
